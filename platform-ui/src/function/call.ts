// One call of a function and its response as it arrives, with a limit on the stored size.
import { API_URL } from "../api/client";
import { ApiProblem, asProblem, contentTypeOf, isAbort } from "../api/problem";
import { segmentOf, type Ref } from "../api/types";
import { session } from "../session/token";

export interface Draft {
  method: string;
  /** Path and query below the function: `/items?page=2`. */
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: string;
  /** Whether the call is asynchronous: queued, without waiting for its response. */
  isAsync?: boolean;
}

export interface FunctionResponse {
  status: number;
  headers: readonly (readonly [name: string, value: string])[];
  contentType: string;
  callId: string;
  /** The platform's error code, if it responded instead of the function. */
  platform: string;
  /** Milliseconds until the headers, and until the end. */
  first: number;
  total: number | null;
  size: number;
  chunks: readonly Uint8Array<ArrayBuffer>[];
  /** Whether the body exceeds the stored size. */
  isCut: boolean;
}

export const KEPT_MAX = 8 * 1024 * 1024;
const BODILESS = new Set(["GET", "HEAD"]);

export function urlOf(ref: Ref, { path, isAsync }: Pick<Draft, "path" | "isAsync">): string {
  const base = API_URL === "" ? location.origin : API_URL;
  const rest = path === "" || path.startsWith("/") || path.startsWith("?") ? path : `/${path}`;
  const door = isAsync === true ? "async-function" : "function";
  return `${base}/${door}/${segmentOf(ref)}${rest}`;
}

export function bodyOf({ method, body }: Draft): string | undefined {
  return BODILESS.has(method) || body === "" ? undefined : body;
}

/** Raises ApiProblem if there is no response; reports it at its headers, then as it grows. */
export async function invoke(
  ref: Ref,
  draft: Draft,
  onResponse: (received: FunctionResponse) => void,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  const headers = headersOf(draft);
  const token = session.get();
  if (!headers.has("Authorization") && token !== null) {
    headers.set("Authorization", `Bearer ${token}`);
  }
  const response = await fetch(urlOf(ref, draft), {
    method: draft.method,
    headers,
    body: bodyOf(draft) ?? null,
    credentials: "omit",
    cache: "no-store",
    redirect: "follow",
    signal,
  });
  let received: FunctionResponse = {
    status: response.status,
    headers: [...response.headers],
    contentType: contentTypeOf(response),
    callId: response.headers.get("X-Call-Id") ?? "",
    platform: response.headers.get("X-Plat-Answer") ?? "",
    first: performance.now() - startedAt,
    total: null,
    size: 0,
    chunks: [],
    isCut: false,
  };
  onResponse(received);
  for await (const chunk of response.body ?? []) {
    const whole = new Uint8Array(chunk);
    const size = received.size + whole.length;
    if (size > KEPT_MAX) {
      received = { ...received, isCut: true };
      break;
    }
    received = { ...received, size, chunks: [...received.chunks, whole] };
    onResponse(received);
  }
  onResponse({ ...received, total: performance.now() - startedAt });
}

/** The non-empty rows; raises ApiProblem for an invalid header. */
function headersOf(draft: Draft): Headers {
  const headers = new Headers();
  for (const [name, value] of draft.headers) {
    if (name.trim() === "") continue;
    try {
      headers.append(name.trim(), value);
    } catch {
      throw new ApiProblem(
        `${name}: ${value} is not a valid header`,
        0,
        "invalid-input",
        "a name has letters, digits and -, a value is one line of Latin-1",
      );
    }
  }
  return headers;
}

/** The error, or null if the user cancelled. */
export function failureOf(error: unknown): ApiProblem | null {
  return isAbort(error) ? null : asProblem(error);
}
