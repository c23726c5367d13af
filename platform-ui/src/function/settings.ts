// A function's settings as form fields, validated by the API's own schema.
import { Validator, type Schema } from "@cfworker/json-schema";
import type { FieldProblem } from "../api/problem";
import schemas from "../api/schemas.json";
import type { EnvVar, FunctionSpec } from "../api/types";

export interface EnvRow {
  name: string;
  kind: "value" | "secret";
  /** A value, or the name and key of a secret. */
  value: string;
  secret: string;
  key: string;
  /** Parts of a reference that the form does not show, preserved unchanged. */
  optional: boolean;
}

export interface Settings {
  env: EnvRow[];
  secrets: string[];
  handler: string;
  timeout: string;
  concurrency: string;
  access: FunctionSpec["access"];
  forwardAuthorization: boolean;
  cpuRequest: string;
  cpuLimit: string;
  memoryRequest: string;
  memoryLimit: string;
}

export const EMPTY_ROW: EnvRow = {
  name: "",
  kind: "value",
  value: "",
  secret: "",
  key: "",
  optional: false,
};

export function settingsOf(spec: FunctionSpec): Settings {
  const { requests, limits } = spec.resources;
  return {
    env: spec.env.map(rowOf),
    secrets: [...spec.secrets],
    handler: spec.handler ?? "",
    timeout: spec.timeout,
    concurrency: String(spec.concurrency),
    access: spec.access,
    forwardAuthorization: spec.forwardAuthorization,
    cpuRequest: requests.cpu ?? "",
    cpuLimit: limits.cpu ?? "",
    memoryRequest: requests.memory ?? "",
    memoryLimit: limits.memory ?? "",
  };
}

/** The spec with these settings; fields without a form field are preserved. */
export function specWith(spec: FunctionSpec, settings: Settings): FunctionSpec {
  return {
    ...spec,
    env: settings.env.map(variableOf),
    secrets: settings.secrets,
    handler: orNull(settings.handler),
    timeout: settings.timeout.trim(),
    concurrency: Number(settings.concurrency),
    access: settings.access,
    forwardAuthorization: settings.forwardAuthorization,
    resources: {
      requests: { cpu: orNull(settings.cpuRequest), memory: orNull(settings.memoryRequest) },
      limits: { cpu: orNull(settings.cpuLimit), memory: orNull(settings.memoryLimit) },
    },
  };
}

/** Validation errors, with paths as in the API: `spec.env[0].name`. */
export function problemsOf(spec: FunctionSpec): FieldProblem[] {
  const schema = { $ref: "#/$defs/FunctionSpec", $defs: schemas.$defs } as unknown as Schema;
  const { errors } = new Validator(schema, "2020-12", false).validate(spec);
  const leaves = errors.filter(({ keyword }) => !CONTAINERS.has(keyword));
  return leaves.map(({ instanceLocation, error }) => ({
    field: pathOf(instanceLocation),
    message: error,
  }));
}

const CONTAINERS = new Set(["$ref", "properties", "items", "anyOf", "additionalProperties"]);

/** Converts `#/env/0/name` to `spec.env[0].name`. */
function pathOf(location: string): string {
  const steps = location.split("/").slice(1);
  return steps.reduce(
    (path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : `${path}.${step}`),
    "spec",
  );
}

function rowOf({ name, value, valueFrom }: EnvVar): EnvRow {
  const reference = valueFrom?.secretKeyRef;
  if (reference === undefined) return { ...EMPTY_ROW, name, value: value ?? "" };
  const { name: secret, key, optional } = reference;
  return { name, kind: "secret", value: "", secret, key, optional };
}

function variableOf({ name, kind, value, secret, key, optional }: EnvRow): EnvVar {
  if (kind === "value") return { name, value, valueFrom: null };
  return { name, value: null, valueFrom: { secretKeyRef: { name: secret, key, optional } } };
}

function orNull(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}
