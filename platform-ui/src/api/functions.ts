// The operations on functions.
import { api, unwrap } from "./client";
import type { components } from "./schema";
import type {
  Func,
  FunctionSpec,
  Ref,
  Replica,
  Revision,
  Runtime,
  ScaleChange,
  Secret,
  SystemInfo,
} from "./types";

function at(ref: Ref) {
  return { params: { path: { name: ref.name }, query: { namespace: ref.namespace } } };
}

export async function listFunctions(signal?: AbortSignal): Promise<Func[]> {
  return (await unwrap(api.GET("/functions", { signal }))).items;
}

/** Creates or replaces it; with a resourceVersion, only if it is unchanged since then. */
export function putFunction(
  ref: Ref,
  spec: Partial<FunctionSpec>,
  resourceVersion?: string | null,
): Promise<Func> {
  const body = {
    metadata: resourceVersion == null ? {} : { resourceVersion },
    spec,
  } as components["schemas"]["FunctionDocument"];
  return unwrap(api.PUT("/functions/{name}", { ...at(ref), body }));
}

export function startFunction(ref: Ref): Promise<Func> {
  return unwrap(api.POST("/functions/{name}/start", at(ref)));
}

export function stopFunction(ref: Ref): Promise<Func> {
  return unwrap(api.POST("/functions/{name}/stop", at(ref)));
}

export function redeployFunction(ref: Ref): Promise<Func> {
  return unwrap(api.POST("/functions/{name}/redeploy", at(ref)));
}

export function scaleFunction(ref: Ref, change: ScaleChange): Promise<Func> {
  const body = change as Required<ScaleChange>;
  return unwrap(api.POST("/functions/{name}/scale", { ...at(ref), body }));
}

export function deleteFunction(ref: Ref): Promise<Func> {
  return unwrap(api.DELETE("/functions/{name}", at(ref)));
}

export async function listReplicas(ref: Ref, signal?: AbortSignal): Promise<Replica[]> {
  return (await unwrap(api.GET("/functions/{name}/replicas", { ...at(ref), signal }))).items;
}

export async function listRevisions(ref: Ref, signal?: AbortSignal): Promise<Revision[]> {
  return (await unwrap(api.GET("/functions/{name}/revisions", { ...at(ref), signal }))).items;
}

export async function listRuntimes(signal?: AbortSignal): Promise<Runtime[]> {
  return (await unwrap(api.GET("/runtimes", { signal }))).items;
}

export function systemInfo(signal?: AbortSignal): Promise<SystemInfo> {
  return unwrap(api.GET("/system/info", { signal }));
}

export async function listSecrets(namespace: string, signal?: AbortSignal): Promise<Secret[]> {
  const result = await unwrap(api.GET("/secrets", { params: { query: { namespace } }, signal }));
  return result.items;
}

export function putSecret(ref: Ref, values: Record<string, string>): Promise<Secret> {
  return unwrap(api.PUT("/secrets/{name}", { ...at(ref), body: { values } }));
}

export async function deleteSecret(ref: Ref): Promise<void> {
  await unwrap<unknown>(api.DELETE("/secrets/{name}", at(ref)));
}
