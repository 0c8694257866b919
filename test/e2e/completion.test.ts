// Completion in real shells, keys pressed on a terminal: what counts is the command line that is run in the end.
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ListedRunner } from "../../src/lib/operations/list-runners.ts";
import { packageFile } from "../../src/lib/package-root.ts";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { run, until } from "./cli.ts";

const workflow = `
on: workflow_dispatch
jobs:
  wait:
    runs-on: gpu-t4
    steps: [{ run: 'until [ -e "$GATE" ]; do sleep 0.05; done' }]
`;

let scratch: string;
let fleet: Rehearsal;
let env: Record<string, string>;
let runner: string;

/** Shells that are not on this machine are left out, which is said; where everything has to be tried, that is a failure. */
const shells = (["bash", "zsh", "fish"] as const).filter((shell) => {
  try {
    execFileSync("sh", ["-c", `command -v ${shell}`]);
    return true;
  } catch {
    if (process.env["MODAL_GHA_REQUIRE"]) throw new Error(`${shell} is not installed`);
    process.stderr.write(`\nLeft out: completion in ${shell}, which is not installed.\n`);
    return false;
  }
});

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "completion-test-"));
  mkdirSync(join(scratch, "app", ".github", "workflows"), { recursive: true });
  const gate = join(scratch, "gate");
  writeFileSync(join(scratch, "app", ".github", "workflows", "wait.yml"), workflow.replace("$GATE", gate));
  fleet = await startRehearsal({ repositoryDirectory: join(scratch, "app"), repository: "app" });
  await fleet.github.trigger({ repository: "app", event: "workflow_dispatch" });
  runner = await until("a runner is there", async () => {
    const [listed] = JSON.parse((await run(["runners", "ls", "--json"], fleet.env)).stdout) as ListedRunner[];
    return listed?.runner;
  });
  mkdirSync(join(scratch, "bin"));
  // Completes as the real one, and else tells what it was called with.
  const program = join(scratch, "bin", "modal-gha");
  const real = `exec '${process.execPath}' '${packageFile("bin", "run.js")}' "$@"`;
  writeFileSync(program, `#!/bin/sh\nif [ "$1" = completion ]; then ${real}; fi\necho "RAN: $*."\n`);
  chmodSync(program, 0o755);
  mkdirSync(join(scratch, "work", "policies"), { recursive: true });
  writeFileSync(join(scratch, "work", "a-policy.yaml"), "");
  env = {
    ...fleet.env,
    ...{ PATH: `${join(scratch, "bin")}:${process.env["PATH"]}`, HOME: scratch, TERM: "xterm" },
    ...{ XDG_CONFIG_HOME: scratch, XDG_CACHE_HOME: join(scratch, "cache"), no_proxy: "127.0.0.1,localhost" },
  };
  await run(["config", "set", "--fleet", "staging", "githubAppId", "1"], env);
  for (const shell of shells) {
    const { stdout, stderr } = await run(["completion", shell], env);
    expect(stderr).toBe("");
    writeFileSync(join(scratch, `completion.${shell}`), stdout);
  }
});
afterAll(async () => {
  writeFileSync(join(scratch, "gate"), "");
  await fleet.close();
  rmSync(scratch, { recursive: true, force: true });
});

const startOf: Record<string, string[]> = {
  bash: ["bash --norc --noprofile -i"],
  zsh: ["zsh -f -i"],
  fish: ["fish --no-config -i"],
};

/** Types a line at a shell's prompt, `\t` for the key. @returns the arguments that modal-gha was then called with */
async function typed(shell: string, keys: string, more: Record<string, string> = {}): Promise<string> {
  const child = spawn("script", ["-q", "-c", startOf[shell]?.[0] ?? "", "/dev/null"], {
    cwd: join(scratch, "work"),
    env: { ...env, ...more },
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
  });
  child.stdin.end(`source ${join(scratch, `completion.${shell}`)}\n${keys}\nexit\n`);
  await once(child, "close");
  const ran = /RAN: (.*)\./.exec(screen)?.[1];
  if (ran === undefined) throw new Error(`modal-gha was not called:\n${screen}`);
  return ran.trim().replace(/\s+/g, " ");
}

/** What fish would offer; it says so itself. */
async function offered(line: string, more: Record<string, string> = {}): Promise<string[]> {
  const script = `source ${join(scratch, "completion.fish")}; complete -C ${JSON.stringify(line)}`;
  // Not synchronously: GitHub and Modal answer from this very process.
  const { stdout } = await promisify(execFile)("fish", ["--no-config", "-c", script], {
    cwd: join(scratch, "work"),
    env: { ...env, ...more },
  });
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((each) => each.split("\t")[0] as string);
}

// Values that come too late are none, and then the key is pressed once more.
const lines: [string, string, () => string][] = [
  ["a topic", "modal-gha runn\t", () => "runners"],
  ["a command", "modal-gha runners k\t", () => "runners kill"],
  ["a flag", "modal-gha logs 123 --foll\t", () => "logs 123 --follow"],
  ["a flag's value", "modal-gha runners ls --state bu\t", () => "runners ls --state busy"],
  ["a value after =", "modal-gha usage --by=wor\t", () => "usage --by=workflow"],
  ["an argument", "modal-gha config get webh\t", () => "config get webhookUrl"],
  ["a file", "modal-gha config validate a-p\t", () => "config validate a-policy.yaml"],
  ["a file of a flag", "modal-gha destroy --policy a-p\t", () => "destroy --policy a-policy.yaml"],
  ["a pool", "modal-gha runners ls --pool gp\t", () => "runners ls --pool gpu-t4"],
  ["a fleet", "modal-gha runners ls --fleet st\t", () => "runners ls --fleet staging"],
  ["a repository", "modal-gha runners ls --repo ac\t", () => "runners ls --repo acme/app"],
  ["a runner", "modal-gha runners kill gpu\t", () => `runners kill ${runner}`],
];

describe.skipIf(!shells.includes("bash"))("bash completes", () => {
  it.each(lines)("%s", async (_, keys, wanted) => expect.poll(() => typed("bash", keys)).toBe(wanted()));
});

describe.skipIf(!shells.includes("zsh"))("zsh completes", () => {
  it.each(lines)("%s", async (_, keys, wanted) => expect.poll(() => typed("zsh", keys)).toBe(wanted()));
});

describe.skipIf(!shells.includes("fish"))("fish completes", () => {
  it.each(lines)("%s", async (_, keys, wanted) => {
    const line = keys.replace("\t", "");
    const last = `modal-gha ${wanted()}`.slice(line.lastIndexOf(" ") + 1);
    await expect.poll(() => offered(line)).toEqual([last]);
  });

  it("what there is at each place, and nothing else", async () => {
    expect(await offered("modal-gha image ")).toEqual(["build", "ls"]);
    expect(await offered("modal-gha completion ")).toEqual(["bash", "fish", "zsh"]);
    expect(await offered("modal-gha runners ls --json ")).toEqual([]);
  });
});

describe("values that only the fleet knows", () => {
  const values = (kind: string, more: Record<string, string> = {}) =>
    run(["completion", "values", kind], { ...env, ...more });
  /** They come in time, or are asked for again. */
  const told = (kind: string) => expect.poll(async () => (await values(kind)).stdout);

  it("are told with a few words each", async () => {
    await told("pools").toBe("cpu\tmodal, ubuntu-latest, ubuntu-24.04, ubuntu-22.04\ngpu-t4\tgpu-t4\n");
    await told("runners").toBe(`${runner}\tacme/app gpu-t4\n`);
    await told("jobs").toBe(`${fleet.github.state().jobs[0]?.id}\tacme/app on ${runner}\n`);
    await told("fleets").toBe("staging\n");
  });

  it("are kept for some seconds, where others cannot read them", async () => {
    const cache = join(scratch, "kept");
    const more = { XDG_CACHE_HOME: cache };
    const before = await until("they come in time", async () => (await values("runners", more)).stdout);
    expect(statSync(join(cache, "modal-gha", "completion")).mode & 0o777).toBe(0o700);
    await expect.poll(async () => (await values("runners", more)).stdout).toBe(before);
  });

  it.each([
    ["Modal cannot be reached", { MODAL_SERVER_URL: "http://127.0.0.1:9" }],
    ["the credentials are wrong", { MODAL_TOKEN_SECRET: "as-wrong" }],
    ["there is no policy", { MODAL_GHA_POLICY: "/none.yaml" }],
    ["the fleet is not known", { MODAL_GHA_FLEET_PROFILE: "nosuch" }],
  ])("are none, without a word, when %s", async (_, more) => {
    const cache = join(scratch, "nothing");
    expect(await values("runners", { ...more, XDG_CACHE_HOME: cache })).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("are none when Modal does not answer", async () => {
    const { createServer } = await import("node:net");
    const silent = createServer();
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    const MODAL_SERVER_URL = `http://127.0.0.1:${port}`;
    const XDG_CACHE_HOME = join(scratch, "silent");
    expect(await values("runners", { MODAL_SERVER_URL, XDG_CACHE_HOME })).toEqual({ code: 0, stdout: "", stderr: "" });
    silent.close();
  });
});
