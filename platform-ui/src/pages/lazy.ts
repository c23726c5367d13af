// Pages in files of their own, which are fetched while nobody waits: they are there when the
// platform is not.
import { lazy } from "react";

const parts = {
  deploy: () => import("./DeployPage"),
  fn: () => import("./FunctionPage"),
  secrets: () => import("./SecretsPage"),
  invoke: () => import("../function/InvokeTab"),
  calls: () => import("../function/CallsTab"),
  logs: () => import("../function/LogsTab"),
  replicas: () => import("../function/ReplicasTab"),
  settings: () => import("../function/SettingsTab"),
};

export const DeployPage = lazy(parts.deploy);
export const FunctionPage = lazy(parts.fn);
export const SecretsPage = lazy(parts.secrets);
export const InvokeTab = lazy(parts.invoke);
export const CallsTab = lazy(parts.calls);
export const LogsTab = lazy(parts.logs);
export const ReplicasTab = lazy(parts.replicas);
export const SettingsTab = lazy(parts.settings);

/** Milliseconds after which they are fetched where the browser never rests. */
const PATIENCE = 3_000;

/** Failing to fetch ahead is no failure: the page itself will say so when it is wanted. */
export function fetchAhead(): void {
  const fetchAll = () => void Promise.allSettled(Object.values(parts).map((load) => load()));
  requestIdleCallback(fetchAll, { timeout: PATIENCE });
}
