// Computes rates from sampled totals: calls per minute, errors, the 95th percentile.
import type { Totals } from "../api/prometheus";

export interface Sample {
  /** Milliseconds. */
  time: number;
  totals: Totals;
}

export interface Rates {
  /** Calls in the last minute, extrapolated if the samples cover less. */
  perMinute: number;
  /** Share of calls with 5xx in the window, 0 to 1; null without calls. */
  errors: number | null;
  /** Seconds; null without calls. */
  p95: number | null;
  /** Calls between two samples, oldest first. */
  spark: readonly number[];
}

export const WINDOW = 5 * 60_000;
const MINUTE = 60_000;

/** The samples with a new one, without those older than the window. */
export function remember(samples: readonly Sample[], next: Sample): Sample[] {
  const last = samples.at(-1);
  const restarted = last !== undefined && next.totals.calls < last.totals.calls;
  const kept = restarted ? [] : samples.filter(({ time }) => time > next.time - WINDOW);
  const same = last !== undefined && !restarted && isSame(last.totals, next.totals);
  return [...kept, same ? { time: next.time, totals: last.totals } : next];
}

/** Whether two samples are equal: an idle function needs only one copy of its totals. */
function isSame(a: Totals, b: Totals): boolean {
  return a.calls === b.calls && a.failed === b.failed && a.inFlight === b.inFlight;
}

/** All samples, and the time of the last one. */
export interface RateHistory {
  time: number;
  of: ReadonlyMap<string, readonly Sample[]>;
}

const NOTHING: Totals = { calls: 0, failed: 0, inFlight: 0, buckets: [] };

/** Adds a sample; a function missing in the last sample had no calls then. */
export function addSamples(
  before: RateHistory | undefined,
  now: ReadonlyMap<string, Totals>,
  time: number,
): RateHistory {
  const fresh = before === undefined ? [] : [{ time: before.time, totals: NOTHING }];
  const of = new Map(
    [...now].map(([key, totals]) => [
      key,
      remember(before?.of.get(key) ?? fresh, { time, totals }),
    ]),
  );
  return { time, of };
}

const NONE: Rates = { perMinute: 0, errors: null, p95: null, spark: [] };
const known = new WeakMap<readonly Sample[], Rates>();

/** The rates of these samples; the same object for the same samples. */
export function ratesOf(samples: readonly Sample[]): Rates {
  const before = known.get(samples);
  if (before !== undefined) return before;
  const rates = computeRates(samples);
  known.set(samples, rates);
  return rates;
}

function computeRates(samples: readonly Sample[]): Rates {
  const last = samples.at(-1);
  const first = samples[0];
  if (last === undefined || first === undefined || first === last) return NONE;
  const recent = samples.find(({ time }) => time >= last.time - MINUTE) ?? first;
  const span = Math.max(last.time - recent.time, 1);
  const calls = last.totals.calls - first.totals.calls;
  return {
    perMinute: ((last.totals.calls - recent.totals.calls) * MINUTE) / span,
    errors: calls > 0 ? (last.totals.failed - first.totals.failed) / calls : null,
    p95: quantile(0.95, first.totals, last.totals),
    spark: samples
      .slice(1)
      .map(({ totals }, index) => totals.calls - (samples[index]?.totals.calls ?? 0)),
  };
}

/** Interpolates within the bucket, like histogram_quantile of Prometheus. */
export function quantile(share: number, before: Totals, after: Totals): number | null {
  const counts = after.buckets.map(
    ([bound, count], index) => [bound, count - (before.buckets[index]?.[1] ?? 0)] as const,
  );
  const total = counts.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  const rank = share * total;
  let [low, below] = [0, 0];
  for (const [bound, count] of counts) {
    if (count >= rank) {
      if (!Number.isFinite(bound)) return low;
      return low + ((bound - low) * (rank - below)) / Math.max(count - below, 1e-9);
    }
    [low, below] = [bound, count];
  }
  return low;
}
