// The call that runs now, and the lines it writes: each is marked with `[call <id>] `.

import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";

const ID = /^[A-Za-z0-9._-]{1,64}$/;
const LINE_LIMIT = 65536;

const calls = new AsyncLocalStorage();

export function idOf(header) {
  return ID.test(header ?? "") ? header : randomUUID();
}

export function within(call, work) {
  return calls.run(call, work);
}

// Lines of several calls never mix: what a call has not finished waits with the call.
export function tagStream(stream) {
  const write = stream.write.bind(stream);
  stream.write = (chunk, encoding, done) => {
    const call = calls.getStore();
    if (!call) return write(chunk, encoding, done);
    const text = (call.partial.get(stream) ?? "") + asText(chunk, encoding);
    const lines = text.split("\n");
    const rest = lines.pop();
    if (rest.length > LINE_LIMIT) lines.push(rest);
    call.partial.set(stream, rest.length > LINE_LIMIT ? "" : rest);
    const whole = lines.map((line) => `[call ${call.id}] ${line}\n`).join("");
    return write(whole, typeof encoding === "function" ? encoding : done);
  };
  return (call) => {
    const rest = call.partial.get(stream);
    if (rest) write(`[call ${call.id}] ${rest}\n`);
  };
}

function asText(chunk, encoding) {
  return typeof chunk === "string" && encoding !== "hex" && encoding !== "base64"
    ? chunk
    : Buffer.from(chunk, typeof encoding === "string" ? encoding : undefined).toString();
}
