// Writes the JSON Schema of the policy file for editors, templates/modal-gha.schema.json, from the schema that the
// program itself uses. With --check it only says whether that file is up to date.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { policyJsonSchema } from "../src/lib/policy/json-schema.ts";
import { projectRoot } from "./layering.ts";

const file = join(projectRoot, "templates", "modal-gha.schema.json");
const schema = policyJsonSchema();

if (process.argv.includes("--check")) {
  if (JSON.stringify(schema) !== JSON.stringify(read())) {
    console.error(
      "The policy's schema changed. Type: node_modules/.bin/node scripts/policy-schema.ts, and commit the file.",
    );
    process.exitCode = 1;
  }
} else {
  // In the house style from the start, so that checks of style find nothing.
  writeFileSync(file, JSON.stringify(schema));
  const biome = join(projectRoot, "node_modules", ".bin", "biome");
  process.exitCode = spawnSync(biome, ["format", "--write", file], { cwd: projectRoot }).status ?? 1;
}

function read(): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
