// Builds functions for tests.
import type { Condition, Func, FunctionStatus } from "../api/types";

interface SampleOptions {
  name?: string;
  uid?: string;
  version?: number;
  generation?: number;
  observed?: number;
  suspend?: boolean;
  deleting?: boolean;
  ready?: Pick<Condition, "status" | "reason">;
  progressing?: boolean;
  revision?: string;
  latestRevision?: string;
  hints?: FunctionStatus["hints"];
}

export function sample(options: SampleOptions = {}): Func {
  const {
    name = "orders",
    uid = "1",
    version = 1,
    generation = 1,
    observed = generation,
  } = options;
  const conditions: Condition[] = [];
  if (options.ready) conditions.push({ type: "Ready", message: "why", ...options.ready });
  if (options.progressing !== undefined) {
    const status = options.progressing ? "True" : "False";
    conditions.push({ type: "Progressing", status, reason: "", message: "" });
  }
  return {
    apiVersion: "plat.dev/v1alpha1",
    kind: "Function",
    metadata: {
      name,
      namespace: "default",
      labels: {},
      annotations: {},
      uid,
      generation,
      resourceVersion: String(version),
      deletionTimestamp: options.deleting === true ? "2026-01-01T00:00:00Z" : null,
    },
    spec: {
      runtime: "python",
      handler: null,
      timeout: "30s",
      concurrency: 20,
      env: [],
      secrets: [],
      resources: { requests: { cpu: null, memory: null }, limits: { cpu: null, memory: null } },
      scale: { min: 0, max: 10, replicas: null, target: null, idle: "60s", whenIdle: "stop" },
      access: "token",
      suspend: options.suspend ?? false,
      forwardAuthorization: false,
      image: "embedded/orders@sha256:" + "0".repeat(64),
      source: null,
      redeployedAt: null,
    },
    status: {
      observedGeneration: observed,
      conditions,
      hints: options.hints ?? [],
      replicas: 0,
      readyReplicas: 0,
      revision: options.revision ?? null,
      latestRevision: options.latestRevision ?? null,
    },
  } as unknown as Func;
}
