// Short names for the API's documents, which are generated from its OpenAPI description.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Func = Schemas["Function"];
export type FunctionSpec = Schemas["FunctionSpec"];
export type FunctionStatus = Schemas["FunctionStatus"];
export type Condition = Schemas["Condition"];
export type EnvVar = Schemas["EnvVar"];
export type Replica = Schemas["ReplicaView"];
export type Revision = Schemas["RevisionView"];
export type Runtime = Schemas["RuntimeView"];
export type Secret = Schemas["SecretView"];
export type ScaleChange = Partial<Schemas["ScaleChange"]>;
export type SystemInfo = Schemas["SystemInfo"];
export type Call = Schemas["CallView"];
export type Problem = Schemas["Problem"];

/** Which function: what stands in the console's paths and in the keys of its caches. */
export interface Ref {
  namespace: string;
  name: string;
}

export function refOf(fn: Func): Ref {
  return { namespace: fn.metadata.namespace, name: fn.metadata.name };
}

export function keyOf(ref: Ref): string {
  return `${ref.namespace}/${ref.name}`;
}

/** The one path segment that names a function on the data path. */
export function segmentOf(ref: Ref): string {
  return ref.namespace === "default" ? ref.name : `${ref.name}.${ref.namespace}`;
}
