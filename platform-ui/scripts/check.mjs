// Runs all checks in parallel, prints their output, and fails if one fails.
import { spawn } from "node:child_process";
import { once } from "node:events";

/** The longest first, for the best use of two cores. */
const CHECKS = {
  lint: ["eslint", ".", "--max-warnings", "0"],
  types: ["tsc", "--noEmit"],
  format: ["prettier", "--check", "--log-level", "warn", "."],
  generated: [process.execPath, "scripts/generate.mjs", "--check"],
};

async function run([name, [program, ...words]]) {
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (said += piece));
  const [code] = await once(child, "close");
  process.stdout.write(`${code === 0 ? "✓" : "✗"} ${name}\n${said}`);
  return code;
}

const codes = await Promise.all(Object.entries(CHECKS).map(run));
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
