// How every command behaves towards who reads and who types: pipes, terminals, nobody. Commands of one table run at once.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runInTerminal } from "../../scripts/run-in-terminal.ts";
import { displayWidth } from "../../src/lib/cli/text.ts";
import { packageFile } from "../../src/lib/package-root.ts";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { run, until } from "./cli.ts";
import { commandLines, withJson } from "./command-lines.ts";

const repository = "a-repository-whose-name-is-rather-long";
const workflow = `
name: A workflow that has quite a long name as well
on:
  workflow_dispatch:
    inputs: { gate: { required: true } }
jobs:
  wait:
    name: wait for \${{ matrix.number }} in a job with a name that does not end soon
    strategy: { matrix: { number: [1, 2, 3, 4] } }
    runs-on: "\${{ matrix.number == 3 && 'gpu-h100-with-a-long-label' || 'modal' }}"
    steps: [{ run: 'echo begun; until [ -e "\${{ inputs.gate }}" ]; do echo on; sleep 0.5; done' }]
  nowhere:
    runs-on: [no-such-label, and-another-one-that-no-pool-has]
    steps: [{ run: echo never }]
`;
const policy = `fleet: streams
github: { owner: acme }
pools:
  - { name: cpu, labels: [modal], cpu: 2, memory: 4GiB, max-runners: 2 }
  - { name: a-gpu-pool-of-some-name, labels: [gpu-h100-with-a-long-label], gpu: "H100:8", cpu: 16, memory: 256GiB }
`;

let scratch: string;
let fleet: Rehearsal;
let env: Record<string, string>;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "streams-test-"));
  mkdirSync(join(scratch, repository, ".github", "workflows"), { recursive: true });
  writeFileSync(join(scratch, repository, ".github", "workflows", "wait.yml"), workflow);
  const policyFile = join(scratch, "policy.yaml");
  writeFileSync(policyFile, policy);
  fleet = await startRehearsal({ repositoryDirectory: join(scratch, repository), repository, policyFile });
  env = { ...fleet.env, HOME: scratch, XDG_CONFIG_HOME: scratch, XDG_STATE_HOME: scratch };
  for (const [name, file] of [
    ["other", "a/very/long/path/to/a/policy/file/in/some/folder/modal-gha.yaml"],
    ["b", "x"],
  ]) {
    await run(["config", "set", "--fleet", name ?? "", "policyFile", file ?? ""], env);
  }
  const inputs = { gate: join(scratch, "gate") };
  await fleet.github.trigger({ repository, event: "workflow_dispatch", inputs });
  const busy = () => fleet.github.state().jobs.filter(({ status }) => status === "in_progress");
  await until("three jobs run", () => busy().length === 3);
});
afterAll(async () => {
  writeFileSync(join(scratch, "gate"), "");
  await fleet.close();
  rmSync(scratch, { recursive: true, force: true });
});

const job = () => String(fleet.github.state().jobs.find(({ status }) => status === "in_progress")?.id);
/** Runs on, as it should, or has a test of its own. */
const staysOn = new Set(["demo", "dev"]);
const ending = commandLines().filter(({ id }) => !staysOn.has(id));

async function end(child: ReturnType<typeof spawn>) {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = await once(child, "close");
  return { code: code ?? signal, stdout, stderr };
}

describe("without anybody to type, nothing hangs:", () => {
  it.concurrent.each(ending.map((line) => [line.id, line] as const))("%s", async (_, line) => {
    // Without --yes, so that those which ask have to refuse.
    const args = withJson(line).filter((arg) => arg !== "--yes");
    const program = [process.execPath, packageFile("bin", "run.js"), ...args];
    // Open, and nothing ever comes; and closed before it begins.
    const open = spawn(program[0] as string, program.slice(1), { env: { PATH: process.env["PATH"], ...env } });
    const closed = spawn("sh", ["-c", 'exec "$@" <&-', "sh", ...program], {
      env: { PATH: process.env["PATH"], ...env },
    });
    for (const { code, stderr } of await Promise.all([end(open), end(closed)])) {
      expect([0, 1, 2, 8]).toContain(code);
      expect(stderr).not.toMatch(/\n\s+at |bug in modal-gha/);
    }
  });

  it.each([
    ["runners kill", () => ["runners", "kill", job()]],
    ["destroy", () => ["destroy", "--force"]],
  ])("%s refuses, and says what to add", async (_, args) => {
    const { code, stderr } = await run(args(), env);
    expect(code).toBe(2);
    expect(stderr).toContain("Add --yes");
    expect(fleet.modal.running()).toHaveLength(3);
  });
});

describe("a reader that goes away after one line is no failure of", () => {
  const many: [string, () => string[]][] = [
    ["runners ls", () => ["runners", "ls"]],
    ["runners ls --watch", () => ["runners", "ls", "--watch"]],
    ["deliveries ls", () => ["deliveries", "ls"]],
    ["config get", () => ["config", "get"]],
    ["doctor", () => ["doctor"]],
    ["logs -f", () => ["logs", "-f", job()]],
    ["usage --csv", () => ["usage", "--csv"]],
    ["reconcile --dry-run --json", () => ["reconcile", "--dry-run", "--json"]],
    ["help", () => ["runners", "ls", "--help"]],
  ];
  it.concurrent.each(many)("%s", async (_, args) => {
    const child = spawn(process.execPath, [packageFile("bin", "run.js"), ...args()], {
      env: { PATH: process.env["PATH"], ...env },
    });
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await end(child)).toMatchObject({ code: 0, stderr: "" });
  });
});

const tables: [string, () => string[]][] = [
  ["runners ls", () => ["runners", "ls"]],
  ["deliveries ls", () => ["deliveries", "ls"]],
  ["deliveries ls --decisions", () => ["deliveries", "ls", "--decisions"]],
  ["usage", () => ["usage"]],
  ["usage --by workflow", () => ["usage", "--by", "workflow"]],
  ["image ls", () => ["image", "ls"]],
  ["reconcile --dry-run", () => ["reconcile", "--dry-run"]],
  ["config get", () => ["config", "get"]],
  ["doctor", () => ["doctor", "--check", "controller", "--check", "image"]],
  ["config fleets", () => ["config", "fleets"]],
  ["config diff", () => ["config", "diff", packageFile("templates", "rehearsal-policy.yaml")]],
];

describe("on a terminal", () => {
  it.concurrent.each(tables)("no line of %s is wider than 80 columns", async (_, args) => {
    const { screen } = await runInTerminal(args(), { env, onlyStdout: true });
    const lines = stripVTControlCharacters(screen).trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.filter((line) => displayWidth(line) > 80)).toEqual([]);
  });

  it.concurrent.each(["--help", "runners --help", ...commandLines().map(({ id }) => `${id} --help`)])(
    "no line of %s is wider than 80 columns, examples apart",
    async (line) => {
      const { screen } = await runInTerminal(line.split(" "), { env });
      const lines = stripVTControlCharacters(screen).trimEnd().split("\n");
      // A list of options has no blanks to break it at.
      const isExempt = (text: string) => /^\s+\$ |^\s+In another|[a-z-]\|[a-z-]+\|/.test(text);
      const wide = lines.filter((text) => displayWidth(text) > 80 && !isExempt(text));
      expect(wide).toEqual([]);
    },
  );

  it("there is colour, unless NO_COLOR or --no-color is there; and none in a pipe", async () => {
    const colour = "\u001B[";
    expect((await runInTerminal(["runners", "ls"], { env })).screen).toContain(colour);
    for (const [args, more] of [
      [["runners", "ls"], { NO_COLOR: "1" }],
      [["runners", "ls", "--no-color"], {}],
      [["runners", "ls"], { TERM: "dumb" }],
      // Errors, and help.
      [["runners", "ls", "--state", "none"], { NO_COLOR: "1" }],
      [["runners", "ls", "--state", "none", "--no-color"], {}],
      [["runners", "ls", "--help"], { NO_COLOR: "1" }],
    ] as const) {
      const { screen } = await runInTerminal(args, { env: { ...env, ...more } });
      expect(screen.length).toBeGreaterThan(20);
      expect(screen).not.toContain(colour);
    }
    const { stdout } = await run(["runners", "ls"], env);
    expect(stdout).not.toContain(colour);
  });
});
