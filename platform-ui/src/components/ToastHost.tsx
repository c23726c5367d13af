// Shows notifications in a corner and announces them; an error stays until it is closed.
import { Alert, AlertTitle, Box } from "@mui/material";
import { useEffect, useSyncExternalStore } from "react";
import { toasts, type Toast } from "./toasts";

const SHOWN = 5_000;

export function ToastHost() {
  const list = useSyncExternalStore(toasts.subscribe, toasts.get);
  return (
    <Box
      role="region"
      aria-label="Notifications"
      sx={{
        position: "fixed",
        bottom: 16,
        right: 16,
        left: { xs: 16, sm: "auto" },
        width: { sm: 400 },
        display: "grid",
        gap: 1,
        zIndex: "snackbar",
      }}
    >
      {list.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </Box>
  );
}

function ToastCard({ toast }: { toast: Toast }) {
  const { id, severity, message, fix } = toast;
  useEffect(() => {
    if (severity === "error") return;
    const timer = setTimeout(() => toasts.remove(id), SHOWN);
    return () => clearTimeout(timer);
  }, [id, severity]);
  return (
    <Alert
      severity={severity}
      variant="standard"
      elevation={6}
      role={severity === "error" ? "alert" : "status"}
      onClose={() => toasts.remove(id)}
      sx={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}
    >
      {fix ? <AlertTitle>{message}</AlertTitle> : message}
      {fix}
    </Alert>
  );
}
