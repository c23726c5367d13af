// A function's phase: a label, and a dot that pulses during a transition.
import { Box } from "@mui/material";
import { keyframes } from "@emotion/react";
import type { Phase, PhaseView } from "../live/phase";

const COLOURS: Readonly<Record<Phase, string>> = {
  ready: "success.main",
  idle: "info.main",
  starting: "warning.main",
  failing: "error.main",
  stopped: "text.secondary",
  deleting: "text.secondary",
};

const pulse = keyframes({
  "0%": { transform: "scale(1)", opacity: 0.6 },
  "70%, 100%": { transform: "scale(2.4)", opacity: 0 },
});

export function PhaseBadge({ view }: { view: PhaseView }) {
  const colour = COLOURS[view.phase];
  const hollow = view.phase === "idle" || view.phase === "stopped";
  return (
    <Box
      component="span"
      data-phase={view.phase}
      title={view.message}
      sx={{ display: "inline-flex", alignItems: "center", gap: 1, color: colour, fontWeight: 600 }}
    >
      <Box
        component="span"
        aria-hidden
        sx={{
          position: "relative",
          width: 10,
          height: 10,
          flex: "none",
          borderRadius: "50%",
          border: 2,
          borderColor: colour,
          bgcolor: hollow ? "transparent" : colour,
          "&::after": isMoving(view.phase)
            ? {
                content: '""',
                position: "absolute",
                inset: 0,
                borderRadius: "50%",
                bgcolor: colour,
                animation: `${pulse} 1.4s ease-out infinite`,
              }
            : {},
        }}
      />
      {view.label}
    </Box>
  );
}

function isMoving(phase: Phase): boolean {
  return phase === "ready" || phase === "starting" || phase === "deleting";
}
