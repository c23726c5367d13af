// Prints the gzipped size of a first visit, and fails above the budget.
import { readFile, readdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const BUDGET = 350 * 1024;
const folder = new URL("../../gateway/plat_gateway/console/", import.meta.url);
const page = await readFile(new URL("index.html", folder), "utf8");
const first = new Set([...page.matchAll(/(?:src|href)="\/ui\/([^"]+)"/g)].map(([, path]) => path));
first.add("index.html");

const sizes = [];
for (const path of ["index.html", ...(await readdir(folder, { recursive: true }))]) {
  if (!/\.(js|css|svg|html)$/.test(path) || sizes.some((size) => size.path === path)) continue;
  const bytes = await readFile(new URL(path, folder));
  sizes.push({ path, raw: bytes.length, gzip: gzipSync(bytes).length, first: first.has(path) });
}
sizes.sort((a, b) => Number(b.first) - Number(a.first) || b.gzip - a.gzip);

const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`.padStart(10);
for (const { path, raw, gzip, first } of sizes) {
  console.log(`${first ? "first" : "later"} ${kb(gzip)} of ${kb(raw)}  ${path}`);
}
const total = sizes.filter((size) => size.first).reduce((sum, size) => sum + size.gzip, 0);
console.log(`first load: ${kb(total).trim()} gzipped, budget ${kb(BUDGET).trim()}`);
process.exitCode = total > BUDGET ? 1 : 0;
