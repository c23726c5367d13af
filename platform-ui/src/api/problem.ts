// Errors of the platform (RFC 9457 problem documents) and connection failures.
import type { Problem } from "./types";

export interface FieldProblem {
  field: string;
  message: string;
}

/** An error with what happened and, if known, what to do next. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";

  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly fix = "",
    readonly callId = "",
    readonly errors: readonly FieldProblem[] = [],
    readonly log = "",
  ) {
    super(message);
  }
}

export const UNREACHABLE = "unreachable";

export function unreachable(): ApiProblem {
  return new ApiProblem(
    "the platform does not respond",
    0,
    UNREACHABLE,
    "check its status: plat status",
  );
}

export function problemOf(status: number, document: unknown): ApiProblem {
  if (!isProblem(document)) {
    return new ApiProblem(`the platform responded with ${status}`, status, "unexpected");
  }
  const { detail, code, fix, callId, errors, log } = document;
  return new ApiProblem(detail, status, code, fix ?? "", callId, errors ?? [], log ?? "");
}

export async function problemFrom(response: Response): Promise<ApiProblem> {
  const text = await response.text();
  return problemOf(response.status, parsed(text));
}

export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof TypeError) return unreachable();
  return new ApiProblem(error instanceof Error ? error.message : String(error), 0, "unexpected");
}

/** The media type without parameters. */
export function contentTypeOf(response: Response): string {
  return (response.headers.get("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblem(document: unknown): document is Problem {
  return (
    typeof document === "object" &&
    document !== null &&
    "detail" in document &&
    typeof document.detail === "string" &&
    "code" in document &&
    typeof document.code === "string"
  );
}
