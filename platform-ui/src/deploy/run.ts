// A deploy, step by step: build, put, wait until it serves or is given up.
import {
  build,
  type BuildFailure,
  type BuildFinished,
  type BuildOptions,
  type Upload,
} from "../api/build";
import { api, unwrap } from "../api/client";
import { putFunction, redeployFunction } from "../api/functions";
import { ApiProblem, isAbort, asProblem } from "../api/problem";
import type { Func, FunctionSpec, Ref } from "../api/types";
import { conditionOf, phaseOf } from "../live/phase";

/** What it is made of: files to build first, or what says in the spec where the code is. */
export type Made =
  { upload: Upload; options: BuildOptions } | { origin: Partial<FunctionSpec>; again: boolean };

export interface Plan {
  ref: Ref;
  made: Made;
  /** Spec fields beside what it is made of. */
  settings: Partial<FunctionSpec>;
  /** What is deployed under that name already: its settings stay, where the plan has none. */
  before: Func | undefined;
}

export type Stage = "build" | "start";
export type Outcome =
  | { kind: "running"; stage: Stage }
  | { kind: "ready"; fn: Func; seconds: number }
  | { kind: "build-failed"; failure: BuildFailure }
  | { kind: "failed"; fn: Func }
  | { kind: "refused"; problem: ApiProblem }
  | { kind: "left" };

export interface Teller {
  onLine: (text: string) => void;
  onOutcome: (outcome: Outcome) => void;
}

export async function deploy(plan: Plan, teller: Teller, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  try {
    const origin = await originOf(plan, teller, signal);
    if (origin === null) return;
    teller.onOutcome({ kind: "running", stage: "start" });
    const stored = await put(plan, origin);
    teller.onLine(`stored as generation ${stored.metadata.generation ?? 0}`);
    const fn = await settled(plan.ref, stored, teller, signal);
    const seconds = (performance.now() - begun) / 1000;
    const isServing = phaseOf(fn).phase !== "failing";
    teller.onOutcome(isServing ? { kind: "ready", fn, seconds } : { kind: "failed", fn });
  } catch (error) {
    teller.onOutcome(
      isAbort(error) ? { kind: "left" } : { kind: "refused", problem: asProblem(error) },
    );
  }
}

/** What was stored; the same branch once more is asked for anew, as it may be at another commit. */
async function put(plan: Plan, origin: Partial<FunctionSpec>): Promise<Func> {
  const { ref, made, settings, before } = plan;
  const { source: _, ...kept } = before?.spec ?? { source: null };
  const stored = await putFunction(ref, { ...kept, ...settings, ...origin });
  const isSame = stored.metadata.generation === before?.metadata.generation;
  return isSame && "again" in made && made.again ? redeployFunction(ref) : stored;
}

/** Whether a failed function was never built: its source is not there, or does not build. */
export function isUnbuilt(fn: Func): boolean {
  return conditionOf(fn, "Built")?.status === "False";
}

/** What the spec says of the code; null where the build failed, which was told. */
async function originOf(
  { ref, made }: Plan,
  teller: Teller,
  signal: AbortSignal,
): Promise<Partial<FunctionSpec> | null> {
  if ("upload" in made) {
    const built = await outcomeOf(ref, made.upload, made.options, teller, signal);
    return built && { image: built.image, runtime: built.runtime, handler: built.handler ?? null };
  }
  const { source, runtime, handler } = made.origin;
  if (!source) return made.origin;
  // the platform builds it by itself once it is stored; it finds then what is built here, in sight
  const options = { runtime: runtime ?? undefined, handler: handler ?? undefined };
  const built = await outcomeOf(ref, { kind: "source", source }, options, teller, signal);
  return built && made.origin;
}

/** What came of a build whose lines are told as they come; null where it failed. */
async function outcomeOf(
  ref: Ref,
  upload: Upload,
  options: BuildOptions,
  teller: Teller,
  signal: AbortSignal,
): Promise<BuildFinished | null> {
  teller.onOutcome({ kind: "running", stage: "build" });
  for await (const event of build(ref, upload, options, signal)) {
    if (event.type === "log") teller.onLine(event.text);
    if (event.type === "step") {
      teller.onLine(
        `✓ ${event.name}  ${event.seconds.toFixed(2)} s${event.cached ? " (cached)" : ""}`,
      );
    }
    if (event.type === "failed") {
      teller.onOutcome({ kind: "build-failed", failure: event });
      return null;
    }
    if (event.type === "finished") return event;
  }
  throw new ApiProblem("the build ended without a result", 0, "build-failed", "deploy again");
}

/** Waits as the API offers it: each question is answered when the function changes. */
async function settled(ref: Ref, stored: Func, teller: Teller, signal: AbortSignal): Promise<Func> {
  let fn = stored;
  let said = "";
  for (;;) {
    const isSeen = (fn.status?.observedGeneration ?? 0) >= (stored.metadata.generation ?? 0);
    const { phase, message } = phaseOf(fn);
    if (isSeen && phase !== "starting") return fn;
    if (isSeen && message !== "" && message !== said) teller.onLine((said = message));
    fn = await changed(ref, fn.metadata.resourceVersion ?? "", signal);
  }
}

function changed(ref: Ref, resourceVersion: string, signal: AbortSignal): Promise<Func> {
  const query = { namespace: ref.namespace, wait: "10s", resourceVersion };
  return unwrap(
    api.GET("/functions/{name}", { params: { path: { name: ref.name }, query }, signal }),
  );
}
