// The frame of every page: navigation, connection state, color scheme, sign-out.
import {
  Alert,
  AppBar,
  Box,
  Button,
  Chip,
  Collapse,
  Container,
  IconButton,
  Link,
  Toolbar,
  Tooltip,
  useColorScheme,
  useMediaQuery,
} from "@mui/material";
import type { ReactNode } from "react";
import { NavLink } from "react-router";
import type { LinkState } from "../live/eventStream";
import { useLink } from "../live/LiveProvider";
import { useIsViewer, VIEWER_REASON } from "../session/role";
import { session } from "../session/token";
import { Icon } from "./Icon";

const PAGES = [
  { to: "/", label: "Functions" },
  { to: "/secrets", label: "Secrets" },
] as const;

export function Layout({ children }: { children: ReactNode }) {
  const state = useLink();
  const isViewer = useIsViewer();
  return (
    <>
      <Link
        href="#main"
        sx={{
          position: "absolute",
          left: -9999,
          "&:focus": { left: 8, top: 8, zIndex: "tooltip", bgcolor: "background.paper", p: 1 },
        }}
      >
        Skip to content
      </Link>
      <AppBar
        position="sticky"
        color="inherit"
        elevation={0}
        variant="elevation"
        sx={{ borderBottom: 1, borderColor: "divider" }}
      >
        <Container maxWidth="xl" disableGutters>
          <Toolbar sx={{ gap: { xs: 0.5, sm: 2 } }}>
            <Logo />
            <Box component="nav" aria-label="Pages" sx={{ display: "flex", flexGrow: 1 }}>
              {PAGES.map(({ to, label }) => (
                <Button
                  key={to}
                  component={NavLink}
                  to={to}
                  end
                  color="inherit"
                  sx={{ minWidth: 0, "&.active": { color: "primary.main" } }}
                >
                  {label}
                </Button>
              ))}
            </Box>
            {isViewer && <ViewerChip />}
            <LinkChip state={state} />
            <SchemeButton />
            <Tooltip title="Sign out">
              <IconButton aria-label="Sign out" onClick={() => session.clear()}>
                <Icon name="logout" />
              </IconButton>
            </Tooltip>
          </Toolbar>
        </Container>
        <Collapse in={state === "offline"} unmountOnExit>
          <Alert severity="warning" role="alert" square>
            The platform does not respond. This is the last known state; reconnecting…
          </Alert>
        </Collapse>
      </AppBar>
      <Container component="main" id="main" maxWidth="xl" tabIndex={-1} sx={{ py: 3, outline: 0 }}>
        {children}
      </Container>
    </>
  );
}

function Logo() {
  return (
    <Link
      component={NavLink}
      to="/"
      underline="none"
      sx={{ fontWeight: 800, fontSize: "1.2rem", letterSpacing: "-0.02em", px: 0.5 }}
    >
      plat
    </Link>
  );
}

const STATES: Readonly<
  Record<LinkState, { label: string; colour: "success" | "warning" | "default" }>
> = {
  live: { label: "Live", colour: "success" },
  connecting: { label: "Connecting", colour: "default" },
  offline: { label: "Offline", colour: "warning" },
};

function LinkChip({ state }: { state: LinkState }) {
  const { label, colour } = STATES[state];
  return (
    <Chip
      size="small"
      variant="outlined"
      color={colour}
      label={label}
      role="status"
      sx={{ minWidth: 60, display: { xs: state === "live" ? "none" : "flex", sm: "flex" } }}
    />
  );
}

function ViewerChip() {
  return (
    <Tooltip title={VIEWER_REASON} describeChild>
      <Chip size="small" color="info" variant="outlined" label="Viewer" tabIndex={0} />
    </Tooltip>
  );
}

function SchemeButton() {
  const { mode, setMode } = useColorScheme();
  const prefersDark = useMediaQuery("(prefers-color-scheme: dark)");
  const isDark = mode === "dark" || (mode !== "light" && prefersDark);
  const label = isDark ? "Light colours" : "Dark colours";
  return (
    <Tooltip title={label}>
      <IconButton aria-label={label} onClick={() => setMode(isDark ? "light" : "dark")}>
        <Icon name={isDark ? "light" : "dark"} />
      </IconButton>
    </Tooltip>
  );
}
