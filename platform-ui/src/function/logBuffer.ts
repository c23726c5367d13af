// A bounded buffer of log lines that drops the oldest.
import type { LogLine } from "../api/logs";

export const LINES_MAX = 5_000;

export interface NumberedLine extends LogLine {
  /** Incremented with every line; stays stable as a key when old lines are dropped. */
  number: number;
}

export function appended(
  lines: readonly NumberedLine[],
  fresh: readonly LogLine[],
): readonly NumberedLine[] {
  let next = (lines.at(-1)?.number ?? 0) + 1;
  return [...lines, ...fresh.map((line) => ({ ...line, number: next++ }))].slice(-LINES_MAX);
}

export function found(lines: readonly NumberedLine[], search: string): readonly NumberedLine[] {
  const wanted = search.toLowerCase();
  return wanted === "" ? lines : lines.filter(({ text }) => text.toLowerCase().includes(wanted));
}
