// Pages in separate chunks, prefetched while the browser is idle, so that they are available when
// the platform is not.
import { lazy } from "react";
import { loadTab } from "../function/lazyTabs";

const loadPage = {
  deploy: () => import("./DeployPage"),
  fn: () => import("./FunctionPage"),
  secrets: () => import("./SecretsPage"),
};

export const DeployPage = lazy(loadPage.deploy);
export const FunctionPage = lazy(loadPage.fn);
export const SecretsPage = lazy(loadPage.secrets);

/** Milliseconds after which pages are prefetched even if the browser is never idle. */
const IDLE_TIMEOUT = 3_000;

/** Prefetches all pages. Errors are ignored: the page reports them when it is opened. */
export function prefetch(): void {
  const loaders = [...Object.values(loadPage), ...Object.values(loadTab)];
  const loadAll = () => void Promise.allSettled(loaders.map((load) => load()));
  requestIdleCallback(loadAll, { timeout: IDLE_TIMEOUT });
}
