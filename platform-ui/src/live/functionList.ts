// The list of functions as events change it: pure, so that every order of arrival can be tested.
import { keyOf, refOf, type Func } from "../api/types";

export interface FunctionEvent {
  kind: "created" | "changed" | "deleted";
  fn: Func;
}

/** The list after these events, by name; the same list where none of them changes anything. */
export function applyEvents(list: readonly Func[], events: readonly FunctionEvent[]): Func[] {
  const byKey = keyed(list);
  for (const { kind, fn } of events) {
    const key = keyOf(refOf(fn));
    const before = byKey.get(key);
    if (kind === "deleted") {
      if (before === undefined || before.metadata.uid === fn.metadata.uid) byKey.delete(key);
    } else if (before === undefined || !isOlder(fn, before)) {
      byKey.set(key, fn);
    }
  }
  return [...byKey.values()].sort(byName);
}

/**
 * A list that was asked for, with what events told meanwhile.
 *
 * `before` is what was known when it was asked for, `now` what is known when it came.
 */
export function mergeList(
  fetched: readonly Func[],
  before: readonly Func[],
  now: readonly Func[],
): Func[] {
  const [old, known] = [keyed(before), keyed(now)];
  const merged = new Map<string, Func>();
  for (const fn of fetched) {
    const key = keyOf(refOf(fn));
    const other = known.get(key);
    if (other === undefined && old.has(key)) continue;
    merged.set(key, other !== undefined && isOlder(fn, other) ? other : fn);
  }
  for (const [key, fn] of known) {
    if (!old.has(key) && !merged.has(key)) merged.set(key, fn);
  }
  return [...merged.values()].sort(byName);
}

export function replaceFunction(list: readonly Func[], fn: Func): Func[] {
  return applyEvents(list, [{ kind: "changed", fn }]);
}

function keyed(list: readonly Func[]): Map<string, Func> {
  return new Map(list.map((fn) => [keyOf(refOf(fn)), fn]));
}

/** Versions are opaque; those of one store are numbers that grow. Another life has another uid. */
function isOlder(fn: Func, known: Func): boolean {
  if (fn.metadata.uid !== known.metadata.uid) return false;
  const [version, other] = [
    Number(fn.metadata.resourceVersion),
    Number(known.metadata.resourceVersion),
  ];
  return Number.isFinite(version) && Number.isFinite(other) && version < other;
}

/** Names have a-z, 0-9 and '-': their codes are the order, at a tenth of what a locale's costs. */
export function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byName(a: Func, b: Func): number {
  return (
    inOrder(a.metadata.name, b.metadata.name) || inOrder(a.metadata.namespace, b.metadata.namespace)
  );
}
