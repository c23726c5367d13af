// One call from its request to the end of its answer, whatever shape the handler has.

import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { BodyTooLarge, answerOf, eventOf, json, lambdaContext } from "./events.mjs";

export async function serve(handler, settings, call, request, response) {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const timer = setTimeout(() => timedOut(call, response, gone), settings.timeout * 1000);
  try {
    await SHAPES[handler.shape](handler.run, { settings, call, request, response, gone });
  } catch (error) {
    fail(error, call, request, response, gone);
  } finally {
    clearTimeout(timer);
    request.resume();
  }
}

const SHAPES = {
  async fetch(run, { request, response, gone }) {
    await send(asResponse(await run(requestOf(request, gone.signal))), response);
  },
  async event(run, { settings, call, request, response }) {
    const event = await eventOf(request, call);
    await send(answerOf(await called(run, event, lambdaContext(settings, call))), response);
  },
  async listener(run, { request, response }) {
    await run(request, response, (error) => {
      if (error) throw error;
      response.writeHead(404).end();
    });
    if (!response.writableFinished && !response.destroyed) await once(response, "close");
  },
};

// A handler with a third parameter calls it back instead of returning a promise.
function called(run, event, context) {
  if (run.length < 3) return run(event, context);
  return new Promise((resolve, reject) => {
    run(event, context, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

function requestOf(request, signal) {
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const proto = request.headers["x-forwarded-proto"] === "https" ? "https" : "http";
  const withBody = !["GET", "HEAD"].includes(request.method);
  return new Request(urlOf(`${proto}://${request.headers.host ?? "localhost"}`, request.url), {
    method: request.method,
    headers,
    signal,
    ...(withBody ? { body: Readable.toWeb(request), duplex: "half" } : {}),
  });
}

function urlOf(origin, target) {
  const path = target.startsWith("/") ? target : "/";
  return URL.canParse(origin + path) ? origin + path : `http://localhost${path}`;
}

function asResponse(result) {
  if (result instanceof Response) return result;
  if (result === undefined || result === null) return new Response(null, { status: 204 });
  const plain = typeof result === "string" || result instanceof Uint8Array;
  return plain || result instanceof ReadableStream ? new Response(result) : json(result);
}

async function send(answer, response) {
  if (response.headersSent || response.destroyed) {
    await answer.body?.cancel();
    return;
  }
  for (const [name, value] of answer.headers) {
    if (name !== "set-cookie") response.setHeader(name, value);
  }
  const cookies = answer.headers.getSetCookie();
  if (cookies.length) response.setHeader("Set-Cookie", cookies);
  response.writeHead(answer.status, answer.statusText || undefined);
  if (!answer.body) {
    response.end();
    return;
  }
  response.flushHeaders();
  await pipeline(Readable.fromWeb(answer.body), response);
}

function fail(error, call, request, response, gone) {
  if (gone.signal.aborted) return; // nobody is there to be told
  if (response.headersSent) {
    console.error(error);
    response.destroy();
  } else if (error instanceof BodyTooLarge) {
    refuse(response, 413, error.message, call);
  } else if (["CONNECT", "TRACE", "TRACK"].includes(request.method)) {
    refuse(response, 501, `fetch knows no method ${request.method}`, call);
  } else {
    console.error(error);
    refuse(response, 500, "the function failed; its log says why", call);
  }
}

function timedOut(call, response, gone) {
  if (response.headersSent) return; // a stream that has begun is free of the limit
  refuse(response, 504, "the function took too long", call);
  gone.abort();
}

export function refuse(response, status, error, call, headers = {}) {
  const body = JSON.stringify({ error, callId: call.id });
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    "X-Plat-Answer": "runtime",
    ...headers,
  });
  response.end(body);
}
