// All checks that need no test: `npm run check`. Each prints one line; what is wrong follows at the end.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkBuiltFiles } from "./built-files.ts";
import { checkLayering, projectRoot, readSources } from "./layering.ts";

/** What is wrong, for people; empty if all is well. */
type Check = () => string | Promise<string>;

const checks: Record<string, Check> = {
  "types (tsc)": () => tool("tsc"),
  "style (biome)": () => tool("biome", "ci", "--colors=off"),
  "who imports whom (scripts/layers.ts)": () =>
    checkLayering(readSources(projectRoot))
      .map(({ file, line, message }) => `${file}:${line} ${message}`)
      .join("\n"),
  "oclif.manifest.json is up to date": () =>
    read("oclif.manifest.json") === read("dist/oclif.manifest.json")
      ? ""
      : "The commands or their flags changed. Type: npm run build, and commit oclif.manifest.json.",
  "templates/modal-gha.schema.json is up to date": () => tool("node", "scripts/policy-schema.ts", "--check"),
  "the command line and the shapes of results are as recorded": () => tool("node", "scripts/contract.ts", "--check"),
  "built files import only what is declared": async () => (await checkBuiltFiles(projectRoot)).join("\n"),
};

function tool(name: string, ...args: string[]): string {
  const program = join(projectRoot, "node_modules", ".bin", name);
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: projectRoot, encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}`.trim() || `${name} ended with ${status}.`;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(join(projectRoot, file), "utf8");
  } catch {
    return undefined;
  }
}

let failed = false;
for (const [name, check] of Object.entries(checks)) {
  const start = performance.now();
  const problem = await check();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${problem === "" ? "ok    " : "FAILED"} ${name} (${seconds}s)`);
  if (problem !== "") {
    failed = true;
    console.error(`${problem}\n`);
  }
}
process.exitCode = failed ? 1 : 0;
