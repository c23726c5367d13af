// Log lines that were heard, bounded: the oldest go first.
import type { LogLine } from "../api/logs";

export const LINES_MAX = 5_000;

export interface NumberedLine extends LogLine {
  /** Grows by one with every line; a key that stays when the first lines go. */
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
