// The numbers of functions out of the gateway's metrics, in Prometheus' text format.
import { keyOf } from "./types";

/** Totals of one function since the gateway started. */
export interface Totals {
  calls: number;
  failed: number;
  inFlight: number;
  /** Calls by duration, cumulated, with the upper bounds in seconds. */
  buckets: readonly (readonly [bound: number, count: number])[];
}

const LINE = /^plat_function_(\w+)\{([^}]*)\} (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export function readMetrics(text: string): Map<string, Totals> {
  const found = new Map<string, { -readonly [K in keyof Totals]: Totals[K] }>();
  for (const line of text.split("\n")) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, name, block = "", number = ""] = match;
    const labels = new Map([...block.matchAll(LABEL)].map(([, key, value]) => [key, value]));
    const key = keyOf({
      namespace: labels.get("namespace") ?? "",
      name: labels.get("function") ?? "",
    });
    const totals = found.get(key) ?? { calls: 0, failed: 0, inFlight: 0, buckets: [] };
    found.set(key, totals);
    const value = Number(number);
    if (name === "calls_total") {
      totals.calls += value;
      if (labels.get("code") === "5xx") totals.failed += value;
    } else if (name === "calls_in_flight") {
      totals.inFlight = value;
    } else if (name === "call_duration_seconds_bucket") {
      const bound = labels.get("le") === "+Inf" ? Infinity : Number(labels.get("le"));
      totals.buckets = [...totals.buckets, [bound, value]];
    }
  }
  return found;
}
