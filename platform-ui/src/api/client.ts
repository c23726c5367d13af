// The HTTP client of the gateway: adds the token, turns failures into ApiProblem.
import createClient from "openapi-fetch";
import { session } from "../session/token";
import { isAbort, problemFrom, problemOf, unreachable } from "./problem";
import type { paths } from "./schema";

const BUILT_FOR: unknown = import.meta.env.VITE_API_URL;

/** Address of the gateway; empty if it has the origin of this page. */
export const API_URL = (typeof BUILT_FOR === "string" ? BUILT_FOR : "").replace(/\/$/, "");

/** `fetch` with the token; raises ApiProblem if the gateway is unreachable. */
export async function send(request: Request): Promise<Response> {
  const token = session.get();
  if (token !== null && !request.headers.has("Authorization")) {
    request.headers.set("Authorization", `Bearer ${token}`);
  }
  try {
    return await fetch(request);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw unreachable();
  }
}

/** A management request whose response is read as a stream; raises ApiProblem. */
export async function stream(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await send(managed(API_URL + path, init));
  if (!response.ok) {
    const problem = await problemFrom(response);
    endSession(response.status, problem.message);
    throw problem;
  }
  return response;
}

function managed(url: string, init: RequestInit): Request {
  return new Request(new URL(url, location.href), { ...init, credentials: "omit" });
}

function endSession(status: number, reason: string): void {
  if (status === 401 && session.get() !== null) session.clear(reason);
}

export const api = createClient<paths>({
  baseUrl: API_URL === "" ? location.origin : API_URL,
  credentials: "omit",
  fetch: send,
});

interface ApiResponse<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The document of a response; raises ApiProblem. */
export async function unwrap<T>(result: Promise<ApiResponse<T>>): Promise<T> {
  const { data, error, response } = await result;
  if (!response.ok) {
    const problem = problemOf(response.status, error);
    endSession(response.status, problem.message);
    throw problem;
  }
  return data as T;
}
