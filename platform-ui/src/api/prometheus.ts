// Reads the metrics of functions from the gateway, in Prometheus' text format.
import { keyOf } from "./types";

/** Totals of one function since the gateway started. */
export interface Totals {
  calls: number;
  failed: number;
  inFlight: number;
  /** Cumulative calls by duration, with upper bounds in seconds. */
  buckets: readonly (readonly [bound: number, count: number])[];
}

const PREFIX = "plat_function_";

/** Uses string positions, not expressions: 500 functions are a megabyte, read every few seconds. */
export function readMetrics(text: string): Map<string, Totals> {
  const found = new Map<string, Sum>();
  for (const line of text.split("\n")) {
    const open = line.indexOf("{");
    const close = line.lastIndexOf("} ");
    if (open < 0 || close < open || !line.startsWith(PREFIX)) continue;
    const name = line.slice(PREFIX.length, open);
    if (!(name in ADD)) continue;
    const labels = line.slice(open + 1, close);
    const namespace = labelOf(labels, "namespace");
    const key = keyOf({ namespace, name: labelOf(labels, "function") });
    let totals = found.get(key);
    if (totals === undefined) {
      totals = { calls: 0, failed: 0, inFlight: 0, buckets: [] };
      found.set(key, totals);
    }
    ADD[name as keyof typeof ADD](totals, Number(line.slice(close + 2)), labels);
  }
  return found;
}

type Sum = { -readonly [K in keyof Totals]: Totals[K] };

const ADD = {
  calls_total: (totals: Sum, value: number, labels: string) => {
    totals.calls += value;
    if (labelOf(labels, "code") === "5xx") totals.failed += value;
  },
  calls_in_flight: (totals: Sum, value: number) => {
    totals.inFlight = value;
  },
  call_duration_seconds_bucket: (totals: Sum, value: number, labels: string) => {
    const bound = labelOf(labels, "le");
    const next = [bound === "+Inf" ? Infinity : Number(bound), value] as const;
    totals.buckets = [...totals.buckets, next];
  },
};

/** Label values of these metrics are names, codes and numbers, and contain no quotes. */
function labelOf(labels: string, name: string): string {
  const begin = labels.startsWith(`${name}="`) ? 0 : labels.indexOf(`,${name}="`) + 1;
  if (begin === 0 && !labels.startsWith(name)) return "";
  const from = begin + name.length + 2;
  return labels.slice(from, labels.indexOf('"', from));
}
