import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { bundleOptions } from "../../scripts/bundle.ts";
import { projectRoot } from "../../scripts/layering.ts";
import { createManifest } from "../../scripts/manifest.ts";

// The real bin/run.js and src/cli.ts as an installed package, with one command made for these tests (commands/).
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "modal-gha-bin-"));
  await mkdir(join(root, "bin"));
  await copyFile(join(projectRoot, "bin", "run.js"), join(root, "bin", "run.js"));
  const { name, version, type, oclif } = packageJson;
  await writeFile(join(root, "package.json"), JSON.stringify({ name, version, type, oclif }));
  const common = { ...bundleOptions, absWorkingDir: projectRoot, splitting: true, outdir: join(root, "dist") };
  await build({
    ...common,
    entryPoints: {
      cli: "src/cli.ts",
      "lib/cli/command-not-found": "src/lib/cli/command-not-found.ts",
      "lib/cli/help": "src/lib/cli/help.ts",
      "commands/things/ls": "test/bin/commands/things/ls.ts",
    },
  });
  const manifest = await createManifest(root, { name, version, type, oclif: oclif as never });
  await writeFile(join(root, "oclif.manifest.json"), manifest);
});
afterAll(() => rm(root, { recursive: true }));

const environment = { PATH: process.env["PATH"], HOME: "/nonexistent" };

function start(args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [join(root, "bin", "run.js"), ...args], {
    env: { ...environment, ...env },
    // One that should have ended by itself must not outlive its test.
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
}

async function ended(child: ChildProcess) {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const [exitCode, signal] = await once(child, "close");
  return { exitCode: exitCode ?? signal, stdout, stderr };
}

const modalGha = (args: string, env?: Record<string, string>) => ended(start(args.split(" "), env));

describe("modal-gha", () => {
  it.each(["--version", "-v", "version"])("%s", async (spelling) => {
    const { exitCode, stdout } = await modalGha(spelling);
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^modal-gha\/\d+\.\d+\.\d+ /)]);
  });

  it.each(["--help", "-h", "help"])("%s", async (spelling) => {
    const { exitCode, stdout } = await modalGha(spelling);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("$ modal-gha [COMMAND]")]);
  });

  it.each(["things ls --help", "help things ls", "things ls -h"])("%s", async (spelling) => {
    const { exitCode, stdout } = await modalGha(spelling);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("$ modal-gha things ls NAME")]);
  });

  it("prints results on stdout and all else on stderr", async () => {
    expect(await modalGha("things ls a --count 2")).toEqual({
      exitCode: 0,
      stdout: "a\na\n",
      stderr: "looking for things\n",
    });
  });

  it("prints JSON on one line to a pipe", async () => {
    expect(await modalGha("things ls a --count 2 --json")).toMatchObject({ exitCode: 0, stdout: '["a","a"]\n' });
  });

  it("ends with the code that a command sets", async () => {
    expect(await modalGha("things ls a --pending")).toMatchObject({ exitCode: 8, stdout: "a\n" });
  });
});

describe("errors", () => {
  it("of use are short, in JSON too, and hold nothing of the command line", async () => {
    expect(await modalGha("things ls --secret hunter2")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: "Error: Missing 1 required arg: name  name of a thing\n\nNext:\n  modal-gha things ls --help\n",
    });
    const { exitCode, stdout } = await modalGha("things ls a --secret hunter2 --fail nope --json");
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: "usage",
        message: "Expected --fail=nope to be one of: abort, bug, later",
        why: null,
        nextSteps: ["modal-gha things ls --help"],
      },
    });
  });

  it.each([
    ["things lss", ["modal-gha things ls", "modal-gha things --help"]],
    ["thing ls a", ["modal-gha things ls", "modal-gha --help"]],
    ["completely different", ["modal-gha --help"]],
  ])("of an unknown command (%s) name what was meant", async (line, nextSteps) => {
    const { exitCode, stdout } = await modalGha(`${line} --json`);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: "usage",
      message: `There is no command "${line}".`,
      nextSteps,
    });
  });

  it("that were expected say what happened, why, and what next", async () => {
    expect(await modalGha("things ls a --fail abort")).toEqual({
      exitCode: 4,
      stdout: "",
      stderr: "Error: No a.\n  It is gone.\n\nNext:\n  modal-gha things ls\n",
    });
  });

  it("that were not are bugs: no stack, but under DEBUG, and never a secret", async () => {
    const quiet = await modalGha("things ls a --fail bug");
    expect(quiet).toMatchObject({ exitCode: 1, stdout: "" });
    expect(quiet.stderr).toMatch(/^Error: ghp_\[redacted\] is not a function\n {2}This is a bug/);
    expect(quiet.stderr).not.toMatch(/\n\s+at /);
    const loud = await modalGha("things ls a --fail bug", { DEBUG: "1" });
    expect(loud.stderr).toMatch(/\n\s+at ThingsLs\.run /);
    expect(loud.stderr).not.toContain("ghp_x");
  });

  it("that nobody awaited are reported the same way", async () => {
    const { exitCode, stdout } = await modalGha("things ls a --fail later --json");
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({ code: "bug", message: "nobody awaited this" });
  });
});

describe("ending early", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("by %s cleans up and exits with 130", async (signal) => {
    const child = start(["things", "ls", "a", "--wait"]);
    const end = ended(child);
    await once(child.stdout!, "data");
    child.kill(signal);
    expect(await end).toMatchObject({ exitCode: 130, stderr: `cleaned up\nError: Interrupted by ${signal}.\n` });
  });

  it.each([
    ["a command that cleans up", ["things", "ls", "a", "--wait"], "cleaned up\n"],
    ["any other command", ["things", "ls", "a", "--endless"], ""],
    ["help", ["--help"], ""],
  ])("by the reader, as `| head -1` does, is no failure of %s", async (_, args, heard) => {
    const child = start(args);
    child.stdout!.once("data", () => child.stdout!.destroy());
    expect(await ended(child)).toMatchObject({ exitCode: 0, stderr: heard });
  });
});

describe("bin/run.js", () => {
  it("says what to do when the package is not built", async () => {
    const other = await mkdtemp(join(tmpdir(), "modal-gha-bin-"));
    await mkdir(join(other, "bin"));
    await copyFile(join(projectRoot, "bin", "run.js"), join(other, "bin", "run.js"));
    await writeFile(join(other, "package.json"), '{"type":"module"}');
    await writeFile(join(other, "package-lock.json"), "{}");
    const { exitCode, stderr } = await ended(spawn(process.execPath, [join(other, "bin", "run.js")]));
    await rm(other, { recursive: true });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/dist.cli\.js is missing\.\n\nNext:\n {2}npm run build\n$/);
  });

  it.each([
    ["20.20.2", false, "npx -p node@24 -p modal-gha modal-gha"],
    ["22.14.0", true, "npm run build && npx modal-gha"],
  ])("refuses Node %s (in a clone: %s)", async (version, isClone, nextStep) => {
    const other = await mkdtemp(join(tmpdir(), "modal-gha-bin-"));
    await mkdir(join(other, "bin"));
    await copyFile(join(projectRoot, "bin", "run.js"), join(other, "bin", "run.js"));
    await writeFile(join(other, "package.json"), '{"type":"module"}');
    if (isClone) await writeFile(join(other, "package-lock.json"), "{}");
    const pretend = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"${version}"})`;
    const { exitCode, stderr } = await ended(
      spawn(process.execPath, ["--import", pretend, join(other, "bin", "run.js"), "--version"]),
    );
    await rm(other, { recursive: true });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Error: modal-gha needs Node.js 22.15 or newer; this is ${version}.`);
    expect(stderr).toContain(nextStep);
  });
});
