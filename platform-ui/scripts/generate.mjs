// Generates from the gateway's OpenAPI document: src/api/schema.d.ts (types) and
// src/api/schemas.json (the schema of a spec, for forms). With --check it only compares.
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../docs/reference/openapi.json", import.meta.url);
const document = JSON.parse(await readFile(source, "utf8"));

const banner =
  "// The API's types, generated from docs/reference/openapi.json by `npm run generate`. Do not edit.\n";
const wanted = {
  "schema.d.ts": banner + astToString(await openapiTS(document, { alphabetize: true })),
  "schemas.json": JSON.stringify({ $defs: reachable(["FunctionSpec"]) }) + "\n",
};

function reachable(names) {
  const found = {};
  const open = [...names];
  while (open.length > 0) {
    const name = open.pop();
    if (name in found) continue;
    const text = JSON.stringify(document.components.schemas[name]);
    for (const [, next] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) open.push(next);
    found[name] = JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/"));
  }
  return Object.fromEntries(Object.entries(found).sort());
}

for (const [name, text] of Object.entries(wanted)) {
  const file = new URL(`../src/api/${name}`, import.meta.url);
  if (!process.argv.includes("--check")) {
    await writeFile(file, text);
  } else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
    console.error(`src/api/${name} is out of date: run \`npm run generate\` and commit it`);
    process.exitCode = 1;
  }
}
