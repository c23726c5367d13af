// A small line chart of calls over the last minutes, next to the same value as a number.
import { Box } from "@mui/material";

const [WIDTH, HEIGHT] = [72, 20];

export function Sparkline({ values }: { values: readonly number[] }) {
  const top = Math.max(...values, 1);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values
    .map(
      (value, x) =>
        `${(x * step).toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1)}`,
    )
    .join(" ");
  return (
    <Box
      component="svg"
      aria-hidden
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      sx={{ width: WIDTH, height: HEIGHT, flex: "none", color: "primary.main" }}
    >
      {values.length > 1 && (
        <polyline points={points} fill="none" stroke="currentColor" strokeWidth="1.5" />
      )}
    </Box>
  );
}
