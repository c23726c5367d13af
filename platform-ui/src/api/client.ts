// The one way to the gateway: adds the token, turns every failure into an ApiProblem.
import createClient from "openapi-fetch";
import { session } from "../session/token";
import { isAbort, problemFrom, problemOf, unreachable } from "./problem";
import type { paths } from "./schema";

const BUILT_FOR: unknown = import.meta.env.VITE_API_URL;

/** Where the gateway is; empty where it serves this page, or a proxy stands before both. */
export const API_URL = (typeof BUILT_FOR === "string" ? BUILT_FOR : "").replace(/\/$/, "");

/** `fetch` with the token; raises ApiProblem where nothing answers. */
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

/** A request of the management API whose answer is read as it comes; raises ApiProblem. */
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

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The document of an answer; raises ApiProblem. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) {
    const problem = problemOf(response.status, error);
    endSession(response.status, problem.message);
    throw problem;
  }
  return data as T;
}
