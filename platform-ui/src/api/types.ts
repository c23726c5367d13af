// Short names for the API's documents, which are generated from its OpenAPI document.
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

/** Identifies a function, in the console's paths and cache keys. */
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

/** The path segment of a function at the gateway. */
export function segmentOf(ref: Ref): string {
  return ref.namespace === "default" ? ref.name : `${ref.name}.${ref.namespace}`;
}
