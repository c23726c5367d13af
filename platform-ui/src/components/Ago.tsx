// How long ago something was, with the moment itself where a pointer rests on it.
import { ago } from "./ago";

export function Ago({ at, now }: { at: string | null | undefined; now: number }) {
  if (at == null) return <>{ago(at, now)}</>;
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {ago(at, now)}
    </time>
  );
}
