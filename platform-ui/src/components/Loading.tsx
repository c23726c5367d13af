// A place that something will fill, of its size, so that nothing moves when it comes.
import { Skeleton } from "@mui/material";

export function Loading({ height, label = "Loading" }: { height: number; label?: string }) {
  return (
    <div role="status" aria-label={label}>
      <Skeleton variant="rounded" height={height} />
    </div>
  );
}
