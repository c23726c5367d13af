// Shows an error and a reload button if a part of the console fails to load or to render.
import { Alert, AlertTitle, Button } from "@mui/material";
import { Component, type ReactNode } from "react";

interface State {
  message: string | null;
}

export class LoadBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { message: null };

  static getDerivedStateFromError(error: unknown): State {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    const { message } = this.state;
    if (message === null) return this.props.children;
    return (
      <Alert
        severity="error"
        action={
          <Button color="inherit" onClick={() => location.reload()}>
            Reload
          </Button>
        }
      >
        <AlertTitle>This part of the console cannot be shown</AlertTitle>
        {message}
      </Alert>
    );
  }
}
