// Why a replica does not start, told on stderr and in the termination log.

import { writeFileSync } from "node:fs";

const LOG_BYTES = 4096;

export class StartError extends Error {
  constructor(reason, message, trace = "") {
    super(message);
    this.reason = reason;
    this.trace = trace;
  }
}

export function report(fault, path = process.env.PLAT_TERMINATION_LOG || "/dev/termination-log") {
  const lead = fault.trace ? `${fault.trace.trimEnd()}\n` : "";
  process.stderr.write(`${lead}plat: ${fault.reason}: ${fault.message}\n`);
  try {
    writeFileSync(path, bounded(fault), { flag: "r+" });
  } catch {
    // there is no such file outside Kubernetes, and stderr has it all
    return;
  }
}

// The end of a trace says more than its beginning.
export function bounded(fault) {
  const message = fault.message.slice(0, 500);
  for (let length = LOG_BYTES; ; length = Math.floor(length / 2)) {
    const traceback = length ? fault.trace.slice(-length) : "";
    const text = JSON.stringify({ reason: fault.reason, message, traceback });
    if (Buffer.byteLength(text) <= LOG_BYTES || !length) return text;
  }
}

export function startError(error, file) {
  const trace = error?.stack ?? String(error);
  const message = `${file}: ${error?.name ?? "Error"}: ${error?.message ?? error}`;
  if (error instanceof SyntaxError) return new StartError("HandlerSyntaxError", message, trace);
  const missing = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "ERR_PACKAGE_PATH_NOT_EXPORTED"];
  if (missing.includes(error?.code)) return new StartError("HandlerImportError", message, trace);
  return new StartError("HandlerFailed", message, trace);
}
