// A deploy: build, store, and wait until the function is ready or failed.
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

/** The code of a function: files to build, or spec fields that name its location. */
export type CodeSource =
  { upload: Upload; options: BuildOptions } | { origin: Partial<FunctionSpec>; again: boolean };

export interface Plan {
  ref: Ref;
  code: CodeSource;
  /** Other spec fields. */
  settings: Partial<FunctionSpec>;
  /** The existing function of that name; its settings apply where the plan has none. */
  before: Func | undefined;
}

export type Stage = "build" | "start";
export type Outcome =
  | { kind: "running"; stage: Stage }
  | { kind: "ready"; fn: Func; seconds: number }
  | { kind: "build-failed"; failure: BuildFailure }
  | { kind: "failed"; fn: Func }
  | { kind: "rejected"; problem: ApiProblem }
  | { kind: "cancelled" };

export interface DeployListener {
  onLine: (text: string) => void;
  onOutcome: (outcome: Outcome) => void;
}

export async function deploy(
  plan: Plan,
  listener: DeployListener,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  try {
    const origin = await originOf(plan, listener, signal);
    if (origin === null) return;
    listener.onOutcome({ kind: "running", stage: "start" });
    const stored = await put(plan, origin);
    listener.onLine(`stored as generation ${stored.metadata.generation ?? 0}`);
    const fn = await waitUntilSettled(plan.ref, stored, listener, signal);
    const seconds = (performance.now() - startedAt) / 1000;
    const isServing = phaseOf(fn).phase !== "failing";
    listener.onOutcome(isServing ? { kind: "ready", fn, seconds } : { kind: "failed", fn });
  } catch (error) {
    listener.onOutcome(
      isAbort(error) ? { kind: "cancelled" } : { kind: "rejected", problem: asProblem(error) },
    );
  }
}

/** Stores the function. An unchanged branch is redeployed, because it may have a new commit. */
async function put(plan: Plan, origin: Partial<FunctionSpec>): Promise<Func> {
  const { ref, code, settings, before } = plan;
  const { source: _, ...kept } = before?.spec ?? { source: null };
  const stored = await putFunction(ref, { ...kept, ...settings, ...origin });
  const isSame = stored.metadata.generation === before?.metadata.generation;
  return isSame && "again" in code && code.again ? redeployFunction(ref) : stored;
}

/** Whether a failed function was never built: its source is missing or does not build. */
export function isUnbuilt(fn: Func): boolean {
  return conditionOf(fn, "Built")?.status === "False";
}

/** Returns the spec fields of the code; null if the build failed, which was reported. */
async function originOf(
  { ref, code }: Plan,
  listener: DeployListener,
  signal: AbortSignal,
): Promise<Partial<FunctionSpec> | null> {
  if ("upload" in code) {
    const built = await outcomeOf(ref, code.upload, code.options, listener, signal);
    return built && { image: built.image, runtime: built.runtime, handler: built.handler ?? null };
  }
  const { source, runtime, handler } = code.origin;
  if (!source) return code.origin;
  // The platform builds the stored source itself; building it here first shows the log and fills the cache.
  const options = { runtime: runtime ?? undefined, handler: handler ?? undefined };
  const built = await outcomeOf(ref, { kind: "source", source }, options, listener, signal);
  return built && code.origin;
}

/** Runs a build and reports its lines; null if it failed. */
async function outcomeOf(
  ref: Ref,
  upload: Upload,
  options: BuildOptions,
  listener: DeployListener,
  signal: AbortSignal,
): Promise<BuildFinished | null> {
  listener.onOutcome({ kind: "running", stage: "build" });
  for await (const event of build(ref, upload, options, signal)) {
    if (event.type === "log") listener.onLine(event.text);
    if (event.type === "step") {
      listener.onLine(
        `✓ ${event.name}  ${event.seconds.toFixed(2)} s${event.cached ? " (cached)" : ""}`,
      );
    }
    if (event.type === "failed") {
      listener.onOutcome({ kind: "build-failed", failure: event });
      return null;
    }
    if (event.type === "finished") return event;
  }
  throw new ApiProblem("the build ended without a result", 0, "build-failed", "deploy again");
}

/** Waits with long polling: each request returns when the function changes. */
async function waitUntilSettled(
  ref: Ref,
  stored: Func,
  listener: DeployListener,
  signal: AbortSignal,
): Promise<Func> {
  let fn = stored;
  let reported = "";
  for (;;) {
    const isSeen = (fn.status?.observedGeneration ?? 0) >= (stored.metadata.generation ?? 0);
    const { phase, message } = phaseOf(fn);
    if (isSeen && phase !== "starting") return fn;
    if (isSeen && message !== "" && message !== reported) listener.onLine((reported = message));
    fn = await changed(ref, fn.metadata.resourceVersion ?? "", signal);
  }
}

function changed(ref: Ref, resourceVersion: string, signal: AbortSignal): Promise<Func> {
  const query = { namespace: ref.namespace, wait: "10s", resourceVersion };
  return unwrap(
    api.GET("/functions/{name}", { params: { path: { name: ref.name }, query }, signal }),
  );
}
