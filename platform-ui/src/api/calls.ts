// Asynchronous calls: their state and their results.
import { api, stream, unwrap } from "./client";
import { contentTypeOf } from "./problem";
import type { Call, Ref } from "./types";

const LIST_MAX = 100;

/** The calls of one function, newest first. */
export async function listCalls(ref: Ref, signal?: AbortSignal): Promise<Call[]> {
  const query = { function: ref.name, namespace: ref.namespace, limit: LIST_MAX };
  return (await unwrap(api.GET("/calls", { params: { query }, signal }))).items;
}

export interface Result {
  content: Uint8Array<ArrayBuffer>;
  contentType: string;
}

/** The function's response body; raises ApiProblem if there is none. */
export async function readResult(id: string, signal?: AbortSignal): Promise<Result> {
  const response = await stream(`/calls/${encodeURIComponent(id)}/result`, {
    signal: signal ?? null,
  });
  const content = new Uint8Array(await response.arrayBuffer());
  return { content, contentType: contentTypeOf(response) };
}

export function cancelCall(id: string): Promise<Call> {
  return unwrap(api.DELETE("/calls/{call_id}", { params: { path: { call_id: id } } }));
}
