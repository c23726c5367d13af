// One call of a function and its answer as it arrives, bounded in what is kept of it.
import { API_URL } from "../api/client";
import { ApiProblem, asProblem, contentTypeOf, isAbort } from "../api/problem";
import { segmentOf, type Ref } from "../api/types";
import { session } from "../session/token";

export interface Draft {
  method: string;
  /** Below the function, with its query: `/items?page=2`. */
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: string;
  /** Whether it is put in the queue, and nobody waits for its answer. */
  isAsync?: boolean;
}

export interface Answer {
  status: number;
  headers: readonly (readonly [name: string, value: string])[];
  contentType: string;
  callId: string;
  /** The platform's own error code, where it answered instead of the function. */
  platform: string;
  /** Milliseconds until the headers, and until the end. */
  first: number;
  total: number | null;
  size: number;
  chunks: readonly Uint8Array<ArrayBuffer>[];
  /** Whether more came than is kept. */
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

/** Raises ApiProblem where nothing answers; tells of the answer at its headers, then as it grows. */
export async function invoke(
  ref: Ref,
  draft: Draft,
  onAnswer: (answer: Answer) => void,
  signal: AbortSignal,
): Promise<void> {
  const begun = performance.now();
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
  let answer: Answer = {
    status: response.status,
    headers: [...response.headers],
    contentType: contentTypeOf(response),
    callId: response.headers.get("X-Call-Id") ?? "",
    platform: response.headers.get("X-Plat-Answer") ?? "",
    first: performance.now() - begun,
    total: null,
    size: 0,
    chunks: [],
    isCut: false,
  };
  onAnswer(answer);
  for await (const chunk of response.body ?? []) {
    const whole = new Uint8Array(chunk);
    const size = answer.size + whole.length;
    if (size > KEPT_MAX) {
      answer = { ...answer, isCut: true };
      break;
    }
    answer = { ...answer, size, chunks: [...answer.chunks, whole] };
    onAnswer(answer);
  }
  onAnswer({ ...answer, total: performance.now() - begun });
}

/** The rows that were filled in; raises ApiProblem naming the one that is no header. */
function headersOf(draft: Draft): Headers {
  const headers = new Headers();
  for (const [name, value] of draft.headers) {
    if (name.trim() === "") continue;
    try {
      headers.append(name.trim(), value);
    } catch {
      throw new ApiProblem(
        `${name}: ${value} is no header`,
        0,
        "invalid-input",
        "a name has letters, digits and -, a value is one line of Latin-1",
      );
    }
  }
  return headers;
}

/** What went wrong, or null where the caller itself ended it. */
export function failureOf(error: unknown): ApiProblem | null {
  return isAbort(error) ? null : asProblem(error);
}
