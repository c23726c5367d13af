// What the platform tells a replica; see runtimes/CONTRACT.md.

import { StartError } from "./faults.mjs";

export function read(env) {
  return {
    port: number(env, "PORT", 8080, 0),
    socket: env.PLAT_SOCKET || "",
    code: env.PLAT_CODE || ".",
    handler: env.PLAT_HANDLER || "",
    timeout: number(env, "PLAT_TIMEOUT", 30, Number.MIN_VALUE),
    concurrency: number(env, "PLAT_CONCURRENCY", 20, 1),
    tags: env.PLAT_LOG_TAGS === "1",
    function: env.PLAT_FUNCTION || env.K_SERVICE || "function",
    revision: env.PLAT_REVISION || env.K_REVISION || "1",
  };
}

function number(env, name, otherwise, least) {
  const value = env[name] ? Number(env[name]) : otherwise;
  if (!Number.isFinite(value) || value < least) {
    throw new StartError("SettingInvalid", `${name}=${String(env[name]).slice(0, 40)} is no such number`);
  }
  return value;
}
