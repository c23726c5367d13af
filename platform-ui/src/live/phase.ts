// The phase of a function, derived from its spec and its conditions.
import type { Condition, Func } from "../api/types";

export type Phase = "ready" | "idle" | "starting" | "failing" | "stopped" | "deleting";

export interface PhaseView {
  phase: Phase;
  label: string;
  /** The platform's message. */
  message: string;
}

export const PHASE_LABELS: Readonly<Record<Phase, string>> = {
  ready: "Ready",
  idle: "Idle",
  starting: "Starting",
  failing: "Failing",
  stopped: "Stopped",
  deleting: "Deleting",
};

export const PHASES = Object.keys(PHASE_LABELS) as Phase[];

export function conditionOf(fn: Func, type: string): Condition | undefined {
  return fn.status?.conditions.find((condition) => condition.type === type);
}

export function phaseOf(fn: Func): PhaseView {
  const ready = conditionOf(fn, "Ready");
  const message = ready?.message ?? "";
  const phase = phaseFrom(fn, ready);
  if (phase === "starting" && ready?.reason === "Building") {
    return { phase, label: "Building", message };
  }
  if (phase === "stopped" && (fn.status?.replicas ?? 0) > 0) {
    return { phase, label: "Stopping", message };
  }
  return { phase, label: PHASE_LABELS[phase], message };
}

function phaseFrom(fn: Func, ready: Condition | undefined): Phase {
  if (fn.metadata.deletionTimestamp != null) return "deleting";
  if (fn.spec.suspend) return "stopped";
  const observed = fn.status?.observedGeneration ?? 0;
  if (ready === undefined || observed < (fn.metadata.generation ?? 0)) return "starting";
  const progressing = conditionOf(fn, "Progressing")?.status === "True";
  if (ready.status === "True") {
    if (ready.reason === "Idle") return "idle";
    return "ready";
  }
  return progressing || ready.status === "Unknown" ? "starting" : "failing";
}

/** A title for the phase's message; null if nothing is wrong. */
export function troubleOf(fn: Func): string | null {
  const { phase } = phaseOf(fn);
  if (isStale(fn)) return `${fn.status?.latestRevision ?? ""} failed`;
  if (phase === "failing") return "Not running";
  if ((fn.status?.hints ?? []).length === 0) return null;
  if (phase === "ready" || phase === "idle") return "Running with a problem";
  return phase === "starting" ? "Not running yet" : "Not running";
}

/** Whether a newer revision failed while an older one keeps serving. */
export function isStale(fn: Func): boolean {
  const { revision, latestRevision } = fn.status ?? {};
  return (
    latestRevision != null &&
    revision != null &&
    revision !== latestRevision &&
    conditionOf(fn, "Progressing")?.status === "False" &&
    !fn.spec.suspend
  );
}
