// The rows of the dashboard: searched, filtered and sorted, without presentation.
import { refOf, type Func, type Ref } from "../api/types";
import { inOrder } from "./functionList";
import { PHASES, phaseOf, type Phase, type PhaseView } from "./phase";
import type { Rates } from "./rates";

export interface Row {
  fn: Func;
  ref: Ref;
  view: PhaseView;
  rates: Rates;
}

export const SORTS = ["name", "status", "replicas", "calls", "errors", "p95", "deployed"] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  search: string;
  phase: Phase | "";
  sort: Sort;
  order: "asc" | "desc";
}

export function readView(parameters: URLSearchParams): View {
  const phase = parameters.get("phase");
  const sort = parameters.get("sort");
  return {
    search: (parameters.get("search") ?? "").slice(0, 200),
    phase: PHASES.find((each) => each === phase) ?? "",
    sort: SORTS.find((each) => each === sort) ?? "name",
    order: parameters.get("order") === "desc" ? "desc" : "asc",
  };
}

/** Caches rows by function: an unchanged function with unchanged rates keeps its row object. */
const cache = new WeakMap<Func, Row>();

export function rowsOf(list: readonly Func[], rates: (ref: Ref) => Rates): Row[] {
  return list.map((fn) => {
    const before = cache.get(fn);
    const ref = before?.ref ?? refOf(fn);
    const now = rates(ref);
    if (before?.rates === now) return before;
    const row = { fn, ref, view: phaseOf(fn), rates: now };
    cache.set(fn, row);
    return row;
  });
}

export function selectRows(rows: readonly Row[], view: View): Row[] {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const sign = view.order === "asc" ? 1 : -1;
  return rows
    .filter((row) => view.phase === "" || row.view.phase === view.phase)
    .filter((row) => words.every((word) => textOf(row).includes(word)))
    .sort((a, b) => sign * compare(valueOf(a, view.sort), valueOf(b, view.sort)));
}

function textOf({ fn, view }: Row): string {
  const { name, namespace } = fn.metadata;
  return `${namespace}/${name} ${fn.spec.runtime ?? ""} ${view.label}`.toLowerCase();
}

function valueOf({ fn, view, rates }: Row, sort: Sort): string | number {
  switch (sort) {
    case "name":
      return fn.metadata.name;
    case "status":
      return PHASES.indexOf(view.phase);
    case "replicas":
      return fn.status?.readyReplicas ?? 0;
    case "calls":
      return rates.perMinute;
    case "errors":
      return rates.errors ?? -1;
    case "p95":
      return rates.p95 ?? -1;
    case "deployed":
      return fn.status?.deployedAt ?? "";
  }
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return inOrder(String(a), String(b));
}
