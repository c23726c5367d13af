// Log lines of replicas, as a stream.
import { stream } from "./client";
import { documents } from "./lines";
import type { Ref } from "./types";

export interface LogLine {
  time: string;
  replica: string;
  revision: string;
  stream: "stdout" | "stderr" | "platform";
  text: string;
  callId?: string;
}

export interface LogQuery {
  tail: number;
  follow: boolean;
  call?: string;
}

export async function* readLogs(
  ref: Ref,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const parameters = new URLSearchParams({
    namespace: ref.namespace,
    tail: String(query.tail),
    follow: String(query.follow),
  });
  if (query.call) parameters.set("call", query.call);
  const response = await stream(`/functions/${ref.name}/logs?${parameters.toString()}`, {
    headers: { Accept: "application/x-ndjson" },
    signal,
  });
  if (response.body === null) return;
  for await (const document of documents(response.body)) yield document as LogLine;
}
