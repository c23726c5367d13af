// A replica: loads the function, listens, answers the probes, and ends when it is told to.

import { createServer } from "node:http";

import { idOf, tagStream, within } from "./calls.mjs";
import { refuse, serve } from "./exchange.mjs";
import { StartError, report } from "./faults.mjs";
import { load } from "./handlers.mjs";
import { read } from "./settings.mjs";

const KEEP_ALIVE = 75_000;
const HEADER_BYTES = 128 * 1024;
const SOCKET_MASK = 0o117;

async function main() {
  const settings = read(process.env);
  const enders = settings.tags ? [process.stdout, process.stderr].map(tagStream) : [];
  const early = (status) => {
    report(new StartError("HandlerExited", `the code ended the process with status ${status}`));
    process.exitCode = status || 1;
  };
  process.once("exit", early);
  process.chdir(settings.code);
  let handler;
  try {
    handler = await load(process.cwd(), settings.handler);
  } finally {
    process.removeListener("exit", early);
  }
  const server = replica(handler, settings, enders);
  await listening(server, settings);
  process.once("SIGTERM", () => drain(server, settings));
  process.stdout.write(`plat: serving a handler of the shape ${handler.shape}\n`);
}

function replica(handler, settings, enders) {
  let running = 0;
  const options = { keepAliveTimeout: KEEP_ALIVE, maxHeaderSize: HEADER_BYTES, requestTimeout: 0 };
  const server = createServer(options, (request, response) => {
    const path = request.url.split("?", 1)[0];
    if (path === "/_/ready" || path === "/_/health") {
      response.end("ok\n");
      return;
    }
    const call = {
      id: idOf(request.headers["x-call-id"]),
      deadline: Date.now() + settings.timeout * 1000,
      partial: new Map(),
    };
    if (running >= settings.concurrency) {
      refuse(response, 503, "every place is taken", call, { "Retry-After": "1" });
      return;
    }
    running += 1;
    response.once("close", () => {
      running -= 1;
      if (!server.listening) server.closeIdleConnections();
    });
    within(call, () => serve(handler, settings, call, request, response)).finally(() => {
      for (const end of enders) end(call);
    });
  });
  return server;
}

function listening(server, settings) {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new StartError("SettingInvalid", error.message)));
    if (settings.socket) {
      const before = process.umask(SOCKET_MASK);
      server.listen(settings.socket, resolve);
      process.umask(before);
    } else {
      server.listen(settings.port, resolve);
    }
  });
}

// No new connection; the calls there are get the function's timeout.
function drain(server, settings) {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), settings.timeout * 1000).unref();
}

main().catch((error) => {
  const fault = error instanceof StartError ? error : new StartError("HandlerFailed", String(error));
  report(fault);
  process.exit(1);
});
