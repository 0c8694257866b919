import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkBuiltFiles } from "../../scripts/built-files.ts";
import { programs } from "../../scripts/programs.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "modal-gha-built-"));
  await write("package.json", JSON.stringify({ dependencies: { declared: "1.0.0" } }));
  await write("bin/run.js", 'import "node:fs"; import("../dist/cli.js");');
  await write("dist/cli.js", "");
  for (const name of Object.keys(programs)) await write(`dist/${name}.js`, "");
});
afterEach(() => rm(root, { recursive: true }));

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

describe("built files", () => {
  it("may import each other, Node, declared and optional packages", async () => {
    await write(
      "dist/chunks/a.js",
      'var __require = () => {}; __require("typescript"); import "declared/sub"; import "fs";',
    );
    await write("dist/cli.js", 'import "./chunks/a.js";');
    expect(await checkBuiltFiles(root)).toEqual([]);
  });

  it.each([
    ["an import", 'import x from "left-pad"; console.log(x);'],
    ["a dynamic import", 'await import("left-pad/sub.js");'],
    ["a bundled require", 'var __require2 = () => {}; __require2("left-pad");'],
  ])("may not hold %s of anything else", async (_, source) => {
    await write("dist/chunks/a.js", source);
    expect(await checkBuiltFiles(root)).toEqual([
      "dist/chunks/a.js imports left-pad, which package.json does not declare as a dependency.",
    ]);
  });

  it("must all be there", async () => {
    await rm(join(root, "dist/controller/main.js"));
    expect(await checkBuiltFiles(root)).toEqual(["dist/controller/main.js is missing."]);
  });
});
