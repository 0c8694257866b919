// Writes what scripts of operators rely on: the command line (test/contract/commands.json) and the shape of each result
// under --json (schemas/). Both are committed, so that a change of either shows in review. With --check it says what is
// out of date, and with it what changed.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandChanges, commandLine } from "./contract/commands.ts";
import { schemaFiles } from "./contract/schemas.ts";
import { projectRoot } from "./layering.ts";

const schemas = join(projectRoot, "schemas");
const snapshot = join(projectRoot, "test", "contract", "commands.json");
const line = commandLine(JSON.parse(readFileSync(join(projectRoot, "dist", "oclif.manifest.json"), "utf8")));
const files = schemaFiles();

if (process.argv.includes("--check")) {
  const problems = [...commandChanges(read(snapshot) ?? {}, line), ...schemaProblems()];
  if (problems.length > 0) {
    console.error(`${problems.join("\n")}\nIf that is meant, type: npm run contract, and commit what it changes.`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(schemas, { recursive: true });
  mkdirSync(join(snapshot, ".."), { recursive: true });
  for (const name of readdirSync(schemas)) if (!(name in files)) rmSync(join(schemas, name));
  for (const [name, schema] of Object.entries(files)) writeFileSync(join(schemas, name), JSON.stringify(schema));
  writeFileSync(snapshot, JSON.stringify(line));
  // In the house style from the start, so that checks of style find nothing.
  const biome = join(projectRoot, "node_modules", ".bin", "biome");
  process.exitCode = spawnSync(biome, ["format", "--write", schemas, snapshot], { cwd: projectRoot }).status ?? 1;
}

function schemaProblems(): string[] {
  const there = new Set([...readdirSync(schemas), ...Object.keys(files)]);
  return [...there].flatMap((name) => {
    if (!(name in files)) return [`schemas/${name} is of no command`];
    const isSame = JSON.stringify(files[name]) === JSON.stringify(read(join(schemas, name)));
    return isSame ? [] : [`schemas/${name} is not what the command prints`];
  });
}

function read(file: string) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
