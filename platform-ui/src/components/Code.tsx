// Preformatted text in a scrollable box that can be focused with the keyboard.
import { Box } from "@mui/material";
import { MONO } from "../theme";

interface Props {
  label: string;
  children: string;
  wrap?: boolean;
  maxHeight?: number | string;
}

export function Code({ label, children, wrap = true, maxHeight = 480 }: Props) {
  return (
    <Box
      component="pre"
      role="region"
      aria-label={label}
      tabIndex={0}
      sx={{
        m: 0,
        p: 1.5,
        maxHeight,
        overflow: "auto",
        bgcolor: "background.default",
        border: 1,
        borderColor: "divider",
        borderRadius: 1,
        fontFamily: MONO,
        fontSize: 13,
        whiteSpace: wrap ? "pre-wrap" : "pre",
        overflowWrap: "anywhere",
      }}
    >
      {children}
    </Box>
  );
}
