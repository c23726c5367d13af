// Builds: uploads a source and reads events until the last one reports the result.
import { stream } from "./client";
import { documents } from "./lines";
import type { FunctionSpec, Ref } from "./types";

export type BuildEvent =
  | { type: "log"; text: string; stream: "stdout" | "stderr" }
  | { type: "step"; name: string; seconds: number; cached: boolean }
  | BuildFinished
  | BuildFailure;

export interface BuildFinished {
  type: "finished";
  image: string;
  digest: string;
  runtime: string;
  handler?: string | null;
  unchanged: boolean;
}

export interface BuildFailure {
  type: "failed";
  code: string;
  message: string;
  fix: string;
  line: string;
}

export type Upload =
  | { kind: "inline"; files: Readonly<Record<string, string>> }
  | { kind: "source"; source: NonNullable<FunctionSpec["source"]> }
  | { kind: "zip"; content: Blob }
  | { kind: "file"; content: Blob };

export interface BuildOptions {
  runtime?: string | undefined;
  handler?: string | undefined;
}

const JSON_TYPE = "application/json";
const TYPES = {
  inline: JSON_TYPE,
  source: JSON_TYPE,
  zip: "application/zip",
  file: "text/x-python",
};

export async function* build(
  ref: Ref,
  upload: Upload,
  options: BuildOptions,
  signal: AbortSignal,
): AsyncGenerator<BuildEvent> {
  const parameters = new URLSearchParams({ name: ref.name });
  if (options.runtime) parameters.set("runtime", options.runtime);
  if (options.handler) parameters.set("handler", options.handler);
  const response = await stream(`/build?${parameters.toString()}`, {
    method: "POST",
    headers: { Accept: "application/x-ndjson", "Content-Type": TYPES[upload.kind] },
    body: bodyOf(upload),
    signal,
  });
  if (response.body === null) return;
  for await (const document of documents(response.body)) yield document as BuildEvent;
}

function bodyOf(upload: Upload): string | Blob {
  if (upload.kind === "inline") return JSON.stringify({ inline: upload.files });
  return upload.kind === "source" ? JSON.stringify(upload.source) : upload.content;
}
