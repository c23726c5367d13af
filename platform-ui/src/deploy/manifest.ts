// `function.json`: the settings in a source, as the spec fields that a deploy sends.
import { ApiProblem } from "../api/problem";
import type { FunctionSpec } from "../api/types";

export const MANIFEST = "function.json";

export interface Manifest {
  name: string;
  settings: Partial<FunctionSpec>;
}

/** Raises ApiProblem unless it is a JSON object; the platform validates its content. */
export function readManifest(text: string | undefined): Manifest {
  if (text === undefined) return { name: "", settings: {} };
  const document = parsed(text);
  const { name, env, ...rest } = document;
  const variables = isPlain(env)
    ? Object.entries(env).map(([key, value]) => ({ name: key, value }))
    : env;
  const settings = { ...rest, ...(variables === undefined ? {} : { env: variables }) };
  return {
    name: typeof name === "string" ? name : "",
    settings: settings as Partial<FunctionSpec>,
  };
}

function parsed(text: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw invalidInput(error instanceof Error ? error.message : String(error));
  }
  if (!isPlain(document)) throw invalidInput("the content must be a JSON object: {…}");
  return document;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalidInput(why: string): ApiProblem {
  return new ApiProblem(`${MANIFEST}: ${why}`, 0, "malformed", "correct the file and deploy again");
}

/** The template's `function.json` with the given name. */
export function named(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined;
  try {
    const document = parsed(text);
    return JSON.stringify({ ...document, name }, null, 2) + "\n";
  } catch {
    return text;
  }
}
