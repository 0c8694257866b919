import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { projectRoot } from "../../scripts/layering.ts";

// A project with the real setup.mjs, a build that counts its runs, and nothing to install.
const build = `
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
appendFileSync("builds", "x");
mkdirSync("dist", { recursive: true });
writeFileSync("dist/oclif.manifest.json", "made");
`;

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "modal-gha-setup-test-")));
  await mkdir(join(root, "scripts"));
  await copyFile(join(projectRoot, "scripts", "setup.mjs"), join(root, "scripts", "setup.mjs"));
  await write("scripts/build.ts", build);
  await write("src/cli.ts", "one");
  await write("package.json", JSON.stringify({ name: "x", version: "1.0.0", type: "module" }));
  await write("package-lock.json", JSON.stringify({ lockfileVersion: 3, packages: { "": {} } }));
  await write("node_modules/.package-lock.json", JSON.stringify({ packages: {} }));
  await mkdir(join(root, "node_modules", "node", "bin"), { recursive: true });
  await symlink(process.execPath, join(root, "node_modules", "node", "bin", "node"));
});
afterEach(() => rm(root, { recursive: true }));

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

function start(args: string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ["scripts/setup.mjs", ...args], { cwd: root, env: { ...process.env, ...env } });
}

async function setup(args: string[] = [], env: Record<string, string> = {}) {
  const child = start(args, env);
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const [exitCode] = await once(child, "close");
  return { exitCode, stdout, stderr };
}

const builds = async () => (await readFile(join(root, "builds"), "utf8").catch(() => "")).length;

describe("setup", () => {
  it("builds once, says so on stderr alone, and then has nothing to do", async () => {
    const first = await setup();
    expect(first).toMatchObject({ exitCode: 0, stdout: "" });
    expect(first.stderr).toContain("setup: building\n");
    expect(await setup()).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(await builds()).toBe(1);
  });

  it("builds again when a source changed, came or went, or when told to", async () => {
    await setup();
    await write("src/cli.ts", "two");
    await setup();
    await write("src/more.ts", "");
    await setup();
    await rm(join(root, "src/more.ts"));
    await setup();
    expect(await builds()).toBe(4);
    await setup(["--force"]);
    expect(await builds()).toBe(5);
  });

  it("builds once when started twice at the same time", async () => {
    const results = await Promise.all([setup(), setup(), setup()]);
    expect(results.map((r) => r.exitCode)).toEqual([0, 0, 0]);
    expect(await builds()).toBe(1);
  });

  it("tries again after a build that failed", async () => {
    await write("scripts/build.ts", "throw new Error('no such luck')");
    const failed = await setup();
    expect(failed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(failed.stderr).toMatch(/no such luck[\s\S]*Error: The build failed; see above\./);
    await write("scripts/build.ts", build);
    expect((await setup()).exitCode).toBe(0);
  });

  it("brings the manifest up to date, unless it is to be checked", async () => {
    await write("oclif.manifest.json", "stale");
    await setup(["--keep-manifest"]);
    expect(await readFile(join(root, "oclif.manifest.json"), "utf8")).toBe("stale");
    expect((await setup()).stderr).toBe("setup: oclif.manifest.json was brought up to date; commit it\n");
    expect(await readFile(join(root, "oclif.manifest.json"), "utf8")).toBe("made");
    expect(await builds()).toBe(1);
  });

  it("says how to mend an installation without install scripts", async () => {
    await rm(join(root, "node_modules", "node", "bin"), { recursive: true });
    const { exitCode, stderr } = await setup();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/--ignore-scripts[\s\S]*Next:\n {2}npm ci --ignore-scripts=false\n$/);
  });

  it("refuses a Node that is too old", async () => {
    const node = join(root, "node_modules", "node", "bin", "node");
    await rm(node);
    await writeFile(node, "#!/bin/sh\necho v20.20.2\n");
    await chmod(node, 0o755);
    expect((await setup()).stderr).toContain("The Node.js in node_modules is v20.20.2; 22.15 or newer is needed.");
  });

  it("installs with npm ci when the lockfile asks for something else than is there", async () => {
    await write("npm/package.json", "{}");
    await write("npm/npm-cli.js", 'require("fs").writeFileSync("npm-arguments", process.argv.slice(2).join(" "));');
    const packages = { "": {}, "node_modules/a": { version: "2.0.0" }, "node_modules/b": { optional: true } };
    await write("package-lock.json", JSON.stringify({ lockfileVersion: 3, packages }));
    await write(
      "node_modules/.package-lock.json",
      JSON.stringify({ packages: { "node_modules/a": { version: "2.0.0" } } }),
    );
    await setup([], { npm_execpath: join(root, "npm", "npm-cli.js") });
    await expect(readFile(join(root, "npm-arguments"), "utf8")).rejects.toThrow("ENOENT");

    await write(
      "node_modules/.package-lock.json",
      JSON.stringify({ packages: { "node_modules/a": { version: "1.0.0" } } }),
    );
    await setup([], { npm_execpath: join(root, "npm", "npm-cli.js") });
    expect(await readFile(join(root, "npm-arguments"), "utf8")).toMatch(/^ci /);
  });
});
