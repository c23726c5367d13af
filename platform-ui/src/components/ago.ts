// Formats times and amounts for people.

const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

/** The age of a time, in the largest unit that fits. */
export function ago(time: string | null | undefined, now: number): string {
  if (time == null) return "–";
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  for (const [size, unit] of STEPS) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
  }
  return seconds < 10 ? "just now" : `${Math.floor(seconds)} s ago`;
}

export function duration(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 0.001) return "<1 ms";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 100 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

export function percent(share: number | null): string {
  if (share === null) return "–";
  if (share === 0) return "0 %";
  return share < 0.001 ? "<0.1 %" : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

export function perMinute(rate: number): string {
  if (rate === 0) return "0";
  if (rate < 10) return rate.toFixed(1);
  return rate < 10_000 ? String(Math.round(rate)) : `${Math.round(rate / 1000)}k`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(1)} KB`;
  return `${(count / 1024 ** 2).toFixed(1)} MB`;
}
