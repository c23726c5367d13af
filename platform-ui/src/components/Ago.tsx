// The age of a time, with the exact time as a tooltip.
import { ago } from "./ago";

export function Ago({ at, now }: { at: string | null | undefined; now: number }) {
  if (at == null) return <>{ago(at, now)}</>;
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {ago(at, now)}
    </time>
  );
}
