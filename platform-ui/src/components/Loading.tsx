// A placeholder of the final size, so that the layout does not shift when the content arrives.
import { Skeleton } from "@mui/material";

export function Loading({ height, label = "Loading" }: { height: number; label?: string }) {
  return (
    <div role="status" aria-label={label}>
      <Skeleton variant="rounded" height={height} />
    </div>
  );
}
