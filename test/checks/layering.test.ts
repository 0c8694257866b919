import { describe, expect, it } from "vitest";
import { checkLayering, projectRoot, readSources } from "../../scripts/layering.ts";

/** What is wrong with these files, as `file: message` without the reason. */
function violations(files: Record<string, string>): string[] {
  return checkLayering(new Map(Object.entries(files))).map(({ file, message }) => `${file}: ${message.split(". ")[0]}`);
}

describe("the layers", () => {
  it("hold in this project", () => {
    expect(checkLayering(readSources(projectRoot))).toEqual([]);
  });

  it("keep I/O out of decisions, also at the end of a chain", () => {
    expect(
      violations({
        "src/lib/fleet/decide.ts": 'import { readFileSync } from "node:fs";',
        "src/lib/fleet/decide-clean-up.ts": 'import { a } from "./names.ts";',
        "src/lib/fleet/names.ts": 'import { b } from "./ids.ts";',
        "src/lib/fleet/ids.ts": 'import { randomUUID } from "crypto";',
        "src/lib/policy/schema.ts": 'import { z } from "zod";\nimport { got } from "got";',
      }),
    ).toEqual([
      "src/lib/fleet/decide.ts: may not import node:fs",
      "src/lib/fleet/decide-clean-up.ts: may not import crypto by way of src/lib/fleet/names.ts, src/lib/fleet/ids.ts",
      "src/lib/policy/schema.ts: may not import got",
    ]);
  });

  it("let the policy be read from a file in one place, and types be imported from anywhere within", () => {
    expect(
      violations({
        "src/lib/policy/load.ts": 'import { readFile } from "node:fs/promises";\nimport { p } from "./parse.ts";',
        "src/lib/policy/parse.ts": 'import type { Loaded } from "./load.ts";\nimport { parse } from "yaml";',
        "src/lib/fleet/act.ts": 'import { randomUUID } from "node:crypto";',
      }),
    ).toEqual([]);
  });

  it.each([
    ["src/lib/fleet/act.ts", 'import { g } from "../github/app.ts";', "src/lib/github/app.ts"],
    ["src/lib/fleet/act.ts", 'import type { G } from "../github/app.ts";', "src/lib/github/app.ts"],
    ["src/lib/policy/match.ts", 'import { f } from "../fleet/names.ts";', "src/lib/fleet/names.ts"],
    ["src/lib/github/app.ts", 'import L from "../../commands/logs.ts";', "src/commands/logs.ts"],
    ["src/lib/modal/client.ts", 'import { keys } from "../../ui/keys.ts";', "src/ui/keys.ts"],
    [
      "src/lib/controller/main.ts",
      'await import("../emulator/github/server.ts");',
      "src/lib/emulator/github/server.ts",
    ],
    ["src/commands/doctor.ts", 'import { x } from "../lib/emulator/x.ts";', "src/lib/emulator/x.ts"],
    ["src/commands/doctor.ts", 'import { x } from "../lib/rehearsal/x.ts";', "src/lib/rehearsal/x.ts"],
    ["src/commands/jobs/ls.ts", 'import Runners from "../runners/ls.ts";', "src/commands/runners/ls.ts"],
    ["src/lib/emulator/modal/server.ts", 'import { s } from "../../fleet/names.ts";', "src/lib/fleet/names.ts"],
    ["src/ui/dashboard/app.tsx", 'import { l } from "../../lib/github/app.ts";', "src/lib/github/app.ts"],
    ["src/ui/dashboard/app.tsx", 'import { d } from "../../lib/fleet/decide.ts";', "src/lib/fleet/decide.ts"],
    ["src/lib/cli/x.ts", 'import { x } from "../../../scripts/x.ts";', "scripts/x.ts"],
  ])("keep %s from %s", (file, source, target) => {
    expect(violations({ [file]: source })).toEqual([expect.stringContaining(`${file}: may not import ${target}`)]);
  });

  it.each([
    ["src/commands/demo.ts", 'import { r } from "../lib/rehearsal/run.ts";'],
    ["src/commands/dev/env.ts", 'import { e } from "../../lib/emulator/env.ts";'],
    ["src/lib/rehearsal/run.ts", 'import { e } from "../emulator/github/server.ts";'],
    ["src/lib/emulator/paths.ts", 'import { packageRoot } from "../package-root.ts";'],
    ["src/lib/emulator/w.ts", 'import w from "../../../node_modules/@actions/workflow-parser/dist/w.json";'],
    ["src/ui/dashboard/app.tsx", 'import type { Snapshot } from "../../lib/fleet/snapshot.ts";'],
    ["src/commands/runners/ls.ts", 'import { BaseCommand } from "../../lib/cli/base-command.ts";'],
  ])("let %s have %s", (file, source) => {
    expect(violations({ [file]: source })).toEqual([]);
  });

  it("say where, and why", () => {
    const [violation] = checkLayering(new Map([["src/lib/fleet/decide.ts", '// hello\nimport "node:os";']]));
    expect(violation).toMatchObject({ file: "src/lib/fleet/decide.ts", line: 2 });
    expect(violation?.message).toMatch(/^may not import node:os\. Decisions and the policy are pure/);
  });
});
