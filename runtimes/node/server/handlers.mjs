// The user's handler: found in the code, recognised by its shape, and made one thing to serve.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { StartError, startError } from "./faults.mjs";

const MODULES = ["index", "app", "main", "function", "handler"];
const SUFFIXES = [".mjs", ".js", ".cjs"];
const NAMES = ["handler", "fetch", "main", "default"];

export async function load(code, wanted) {
  const { file, name } = find(code, wanted);
  let exported;
  try {
    exported = await import(pathToFileURL(resolve(code, file)));
  } catch (error) {
    throw startError(error, file);
  }
  return recognise(choose(exported, name, file), file);
}

function find(code, wanted) {
  const candidates = wanted ? parts(wanted) : MODULES.map((module) => [module, ""]);
  for (const [module, name] of candidates) {
    for (const suffix of SUFFIXES) {
      if (existsSync(join(code, module + suffix))) return { file: module + suffix, name };
    }
  }
  throw new StartError(
    "HandlerNotFound",
    wanted
      ? `the handler ${wanted} needs ${candidates[0][0]}.mjs, which is not there`
      : `there is none of ${MODULES.map((module) => `${module}.mjs`).join(", ")}`,
  );
}

// `module:name`, or `module.name` as other platforms write it, or the module alone.
function parts(wanted) {
  if (wanted.includes(":")) {
    const [module, name] = wanted.split(":");
    return [[module.replaceAll(".", "/"), name]];
  }
  const dot = wanted.lastIndexOf(".");
  const whole = [wanted, ""];
  return dot > 0 ? [[wanted.slice(0, dot), wanted.slice(dot + 1)], whole] : [whole];
}

function choose(exported, name, file) {
  const names = name ? [name] : NAMES;
  for (const each of names) {
    const found = exported[each] ?? exported.default?.[each];
    if (found !== undefined) return found;
  }
  const there = Object.keys(exported).join(", ") || "nothing";
  throw new StartError(
    "HandlerNotFound",
    `${file} exports no ${names.join(", ")}; it exports ${there}`,
  );
}

export function recognise(found, file) {
  if (typeof found === "function") return { shape: shapeOf(found), run: found };
  if (typeof found?.fetch === "function") return { shape: "fetch", run: found.fetch.bind(found) };
  throw new StartError(
    "HandlerUnrecognised",
    `${file} exports ${typeof found}, which is no function and has no fetch(request)`,
  );
}

// A listener of Node's own server has a second parameter called res or response; an event handler
// has two parameters, or one called event; anything else gets a Request.
export function shapeOf(run) {
  const [first = "", second = ""] = parameters(run);
  if (/^_?res(ponse)?$/.test(second)) return "listener";
  return run.length >= 2 || second || /^_?event$/.test(first) ? "event" : "fetch";
}

function parameters(run) {
  const text = Function.prototype.toString.call(run).replace(/^async\b\s*/, "");
  const list = /^[^(=]*\(([^)]*)\)/.exec(text)?.[1] ?? /^\s*([\w$]+)\s*=>/.exec(text)?.[1] ?? "";
  return list.split(",").map((name) => name.split("=")[0].trim()).filter(Boolean);
}
