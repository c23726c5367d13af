// Maps paths to pages; without a token, shows only the sign-in page.
import { Box, CircularProgress } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { Suspense, useEffect, useSyncExternalStore } from "react";
import { Navigate, Route, Routes, useLocation } from "react-router";
import { Layout } from "./components/Layout";
import { LoadBoundary } from "./components/LoadBoundary";
import { ToastHost } from "./components/ToastHost";
import { LiveProvider } from "./live/LiveProvider";
import { DashboardPage } from "./pages/DashboardPage";
import { DeployPage, prefetch, FunctionPage, SecretsPage } from "./pages/lazy";
import { SignInPage } from "./pages/SignInPage";
import { session } from "./session/token";

export function App() {
  const token = useSyncExternalStore(session.subscribe, session.get);
  const client = useQueryClient();
  useEffect(() => {
    if (token === null) client.clear();
  }, [client, token]);
  return (
    <>
      {token === null ? <SignInPage /> : <SignedIn key={token} />}
      <ToastHost />
    </>
  );
}

function SignedIn() {
  const { pathname } = useLocation();
  useEffect(prefetch, []);
  return (
    <LiveProvider>
      <Layout>
        <LoadBoundary key={pathname}>
          <Suspense fallback={<Loading />}>
            <Routes>
              <Route path="/" element={<DashboardPage />} />
              <Route path="/deploy" element={<DeployPage />} />
              <Route path="/secrets" element={<SecretsPage />} />
              <Route path="/functions/:namespace/:name" element={<FunctionPage />} />
              <Route path="/functions/:namespace/:name/:tab" element={<FunctionPage />} />
              <Route path="*" element={<Navigate to="/" replace />} />
            </Routes>
          </Suspense>
        </LoadBoundary>
      </Layout>
    </LiveProvider>
  );
}

function Loading() {
  return (
    <Box sx={{ display: "grid", placeItems: "center", minHeight: 320 }}>
      <CircularProgress aria-label="Loading" />
    </Box>
  );
}
