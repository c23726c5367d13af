// handler(event, context): a request as API Gateway (payload format 2.0) would send it.

const TEXTUAL = /^(text\/|application\/(json|xml|x-www-form-urlencoded)\b)|\+(json|xml)$/;
const BODY_BYTES = 64 * 1024 * 1024;

export class BodyTooLarge extends Error {}

export async function eventOf(request, call) {
  const url = new URL(request.url, "http://localhost");
  const headers = headersOf(request);
  const body = await collect(request);
  const kind = (headers["content-type"] ?? "text/plain").split(";")[0].trim().toLowerCase();
  const textual = TEXTUAL.test(kind) && isText(body);
  const query = {};
  for (const name of new Set(url.searchParams.keys())) {
    query[name] = url.searchParams.getAll(name).join(",");
  }
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: decoded(url.pathname),
    rawQueryString: url.search.slice(1),
    cookies: (headers.cookie ?? "").split(";").map((part) => part.trim()).filter(Boolean),
    headers,
    queryStringParameters: query,
    requestContext: contextOf(request, call, headers, decoded(url.pathname)),
    body: body.length ? body.toString(textual ? "utf8" : "base64") : null,
    isBase64Encoded: body.length > 0 && !textual,
  };
}

function contextOf(request, call, headers, path) {
  return {
    http: {
      method: request.method,
      path,
      protocol: "HTTP/1.1",
      sourceIp: (headers["x-forwarded-for"] ?? "").split(",")[0].trim(),
      userAgent: headers["user-agent"] ?? "",
    },
    requestId: call.id,
    routeKey: "$default",
    stage: "$default",
    domainName: headers.host ?? "",
    timeEpoch: Date.now(),
  };
}

export function lambdaContext(settings, call) {
  return {
    functionName: settings.function,
    functionVersion: settings.revision,
    invokedFunctionArn: `arn:plat:function:${settings.function}`,
    awsRequestId: call.id,
    memoryLimitInMB: "",
    logGroupName: settings.function,
    logStreamName: settings.revision,
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, call.deadline - Date.now()),
  };
}

// What it returned: {statusCode, headers, cookies, body, isBase64Encoded}, or any JSON value.
export function answerOf(result) {
  if (result === null || typeof result !== "object" || !("statusCode" in result)) {
    return json(result ?? null);
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(result.headers ?? {})) headers.set(name, String(value));
  for (const [name, values] of Object.entries(result.multiValueHeaders ?? {})) {
    for (const value of values) headers.append(name, String(value));
  }
  for (const cookie of result.cookies ?? []) headers.append("Set-Cookie", cookie);
  const body = bodyOf(result);
  if (!headers.has("Content-Type")) {
    const looksJson = body[0] === 0x7b || body[0] === 0x5b;
    headers.set("Content-Type", looksJson ? "application/json" : "text/plain; charset=utf-8");
  }
  const status = Number(result.statusCode);
  return new Response([204, 205, 304].includes(status) ? null : body, { status, headers });
}

export function json(value, status = 200) {
  const headers = { "Content-Type": "application/json" };
  return new Response(JSON.stringify(value), { status, headers });
}

function bodyOf(result) {
  if (result.body === undefined || result.body === null) return Buffer.alloc(0);
  if (typeof result.body !== "string") return Buffer.from(JSON.stringify(result.body));
  return Buffer.from(result.body, result.isBase64Encoded ? "base64" : "utf8");
}

function headersOf(request) {
  const found = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    found[name] = values.join(name === "cookie" ? "; " : ",");
  }
  return found;
}

async function collect(request) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > BODY_BYTES) throw new BodyTooLarge(`a body of more than ${BODY_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function isText(body) {
  return Buffer.compare(Buffer.from(body.toString("utf8")), body) === 0;
}
