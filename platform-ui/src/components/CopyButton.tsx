// Copies a text to the clipboard and confirms it.
import { IconButton, Tooltip } from "@mui/material";
import { Icon } from "./Icon";
import { toasts } from "./toasts";

export function CopyButton({ text, label }: { text: string; label: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toasts.add({ severity: "success", message: "Copied" });
    } catch {
      toasts.add({ severity: "error", message: "The browser blocked access to the clipboard" });
    }
  };
  return (
    <Tooltip title={label}>
      <IconButton size="small" aria-label={label} onClick={copy}>
        <Icon name="copy" />
      </IconButton>
    </Tooltip>
  );
}
