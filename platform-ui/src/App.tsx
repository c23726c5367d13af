// Which page a path is; nothing but the sign-in without a token.
import { Box, CircularProgress } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useSyncExternalStore } from "react";
import { Navigate, Route, Routes } from "react-router";
import { Layout } from "./components/Layout";
import { ToastHost } from "./components/ToastHost";
import { LiveProvider } from "./live/LiveProvider";
import { DashboardPage } from "./pages/DashboardPage";
import { SignInPage } from "./pages/SignInPage";
import { session } from "./session/token";

const DeployPage = lazy(() => import("./pages/DeployPage"));
const FunctionPage = lazy(() => import("./pages/FunctionPage"));
const SecretsPage = lazy(() => import("./pages/SecretsPage"));

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
  return (
    <LiveProvider>
      <Layout>
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
