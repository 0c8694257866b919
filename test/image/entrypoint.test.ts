// The Sandbox's command, with small scripts in the place of run.sh that print what the real one prints.

import { spawn } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageFile } from "../../src/lib/package-root.ts";
import { FollowedProcess, temporaryDirectory } from "../lib/emulator/runner/runner-process.ts";

const secret = "the-jit-configuration";
const time = "2026-11-23 17:39:00Z";

interface Entrypoint extends AsyncDisposable {
  process: FollowedProcess;
  directory: string;
  /** Control lines so far, without their times. */
  events(): Record<string, unknown>[];
  /** All other lines. */
  output(): string[];
}

function start(
  script: string,
  environment: Record<string, string> = {},
  entrypoint = packageFile("image", "bin", "modal-gha-entrypoint"),
): Entrypoint {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory()).path;
  const runner = join(directory, "runner");
  mkdirSync(runner);
  writeFileSync(join(runner, "run.sh"), `#!/bin/bash\nT='${time}'\n${script}\n`);
  chmodSync(join(runner, "run.sh"), 0o755);
  const child = spawn(entrypoint, {
    cwd: directory,
    env: {
      PATH: process.env["PATH"],
      ACTIONS_RUNNER_INPUT_JITCONFIG: secret,
      MODAL_GHA_RUNNER_DIR: runner,
      MODAL_GHA_RUNNER_NAME: "gpu-1",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const followed = stack.use(new FollowedProcess(child));
  const lines = () => followed.output.split("\n").slice(0, -1);
  return {
    process: followed,
    directory,
    events: () =>
      lines()
        .filter((line) => line.startsWith("##[modal-gha]"))
        .map((line) => {
          const { at, ...rest } = JSON.parse(line.slice("##[modal-gha]".length));
          expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
          return rest;
        }),
    output: () => lines().filter((line) => !line.startsWith("##[modal-gha]")),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What a process does, as man proc_pid_stat calls it: S when it waits. */
function stateOf(pid: number | string | undefined): string {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "";
  } catch {
    return "gone";
  }
}

/** A shell function `line` prints one of the job's lines in the worker's trace, `step` and `result` the steps' news. */
const trace = `
line() { echo "[WORKER $T VERB JobServerQueue] Enqueue web console line queue: $1"; }
step() { echo "[WORKER $T INFO StepsRunner] Processing step: DisplayName='$1'"; }
result() { echo "[WORKER $T INFO StepsRunner] Step result: $1"; }
`;
const connect = `printf '\\n√ Connected to GitHub\\n\\nCurrent runner version: %s\\n' "'2.338.0'"; echo "$T: Listening for Jobs"\n`;
const leave = `printf '√ Removed .credentials\\n√ Removed .runner\\nRunner listener exit with 0 return code, stop the service, no retry needed.\\nExiting runner...\\n'\n`;

test("a job's output comes through, the runner's chatter does not, and events mark the way", async () => {
  await using entrypoint = start(`${trace}${connect}
echo "[RUNNER $T INFO Terminal] WRITE LINE: chatter"
echo "$T: Running job: build (x, \\"y\\")"
echo "[WORKER $T INFO Worker] Job message:"
echo "[WORKER $T INFO Worker] {"
line "Prepare workflow directory"
step "Run make 'all'"
line "##[group]Run make"
line "  two: colons  and  spaces  "
line "[WORKER $T INFO StepsRunner] Step result: Forged"
line "back\\\\slash"
echo "[WORKER $T VERB JobServerQueue] Web console line is more than 1024 chars, truncate to first 1024 chars"
result ""
step "Next"
line "##[error]first"
echo "[WORKER $T VERB JobServerQueue] second of the same message"
echo "[WORKER $T VERB JobServerQueue] Enqueue timeline 1 update queue: 2"
echo "[WORKER $T VERB JobServerQueue]     Record: not the job's"
result Failed
step "Last"
echo "[WORKER $T INFO StepsRunner] Skipping step due to condition evaluation."
echo "$T: Job build (x, \\"y\\") completed with result: Failed"
${leave}`);
  expect(await entrypoint.process.exited).toBe(0);
  expect(entrypoint.output()).toEqual([
    "Prepare workflow directory",
    "##[group]Run make",
    "  two: colons  and  spaces  ",
    `[WORKER ${time} INFO StepsRunner] Step result: Forged`,
    "back\\slash",
    "##[error]first",
    "second of the same message",
  ]);
  expect(entrypoint.events()).toEqual([
    { event: "starting", runner: "gpu-1" },
    { event: "listening", version: "2.338.0" },
    { event: "job", name: 'build (x, "y")' },
    { event: "step", name: "Run make 'all'" },
    { event: "step-result", name: "Run make 'all'", result: "Succeeded" },
    { event: "step", name: "Next" },
    { event: "step-result", name: "Next", result: "Failed" },
    { event: "step", name: "Last" },
    { event: "step-result", name: "Last", result: "Skipped" },
    { event: "job-result", result: "Failed" },
    { event: "exit", reason: "job-completed", result: "Failed", code: 0 },
  ]);
});

test("a job cannot forge a control line, nor break one with a name", async () => {
  await using entrypoint = start(`${trace}${connect}
echo "$T: Running job: build"
step $'tab\\t quote " back\\\\ bell\\a é'
line '##[modal-gha]{"event":"exit","reason":"idle"}'
echo "$T: Job build completed with result: Succeeded"`);
  await entrypoint.process.exited;
  expect(entrypoint.output()).toEqual([' ##[modal-gha]{"event":"exit","reason":"idle"}']);
  expect(entrypoint.events()).toContainEqual({ event: "step", name: 'tab\t quote " back\\ bell\u0007 é' });
  expect(entrypoint.events().at(-1)).toMatchObject({ event: "exit", reason: "job-completed" });
});

test("without the trace the events of the plain lines remain", async () => {
  await using entrypoint = start(`${connect}
echo "$T: Running job: build"
echo "an unmasked line of a worker that crashed"
echo "$T: Job build completed with result: Succeeded"
${leave}`);
  expect(await entrypoint.process.exited).toBe(0);
  expect(entrypoint.output()).toEqual([]);
  expect(entrypoint.events().map(({ event }) => event)).toEqual(["starting", "listening", "job", "job-result", "exit"]);
});

test("the runner gets the JIT configuration and nobody else does", async () => {
  await using entrypoint = start(
    `echo "given: $ACTIONS_RUNNER_INPUT_JITCONFIG"
env | grep -c MODAL_GHA
echo "locale: $LC_ALL"
echo "switches: $RUNNER_MANUALLY_TRAP_SIG $ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE $GITHUB_ACTIONS_RUNNER_TRACE"
echo "hooks: $ACTIONS_RUNNER_HOOK_JOB_STARTED $ACTIONS_RUNNER_HOOK_JOB_COMPLETED"
tr '\\0' '\\n' </proc/$PPID/environ | grep -c JITCONFIG
tr '\\0' ' ' </proc/$PPID/cmdline | grep -c the-jit
echo ready; read -r`,
    { MODAL_GHA_EXTRA: "1", LC_ALL: "C.UTF-8" },
  );
  await entrypoint.process.seen(/ready/);
  expect(entrypoint.output()).toEqual([
    `runner: given: ${secret}`,
    "runner: 0",
    "runner: locale: C.UTF-8",
    "runner: switches: 1 1 1",
    `runner: hooks: ${packageFile("image", "hooks", "job-started.sh")} ${packageFile("image", "hooks", "job-completed.sh")}`,
    "runner: 0",
    "runner: 0",
    "runner: ready",
  ]);
  expect(readFileSync(`/proc/${entrypoint.process.child.pid}/environ`, "utf8")).not.toContain(secret);
});

test("without a job in time the runner is asked to leave", async () => {
  await using entrypoint = start(`trap 'echo Exiting...; exit 0' INT; ${connect} while :; do sleep 0.05; done`, {
    MODAL_GHA_IDLE_TIMEOUT_SECONDS: "1",
  });
  expect(await entrypoint.process.exited).toBe(0);
  expect(entrypoint.events().at(-1)).toEqual({ event: "exit", reason: "idle", result: null, code: 0 });
});

test("a job in time is not bothered by the idle deadline", async () => {
  await using entrypoint = start(
    `${connect} echo "$T: Running job: build"; sleep 3.5; echo "$T: Job build completed with result: Succeeded"`,
    // In whole seconds: of one, next to nothing may be left.
    { MODAL_GHA_IDLE_TIMEOUT_SECONDS: "3" },
  );
  expect(await entrypoint.process.exited).toBe(0);
  expect(entrypoint.events().at(-1)).toMatchObject({ reason: "job-completed", result: "Succeeded" });
});

test.each(["SIGTERM", "SIGINT"] as const)("%s reaches the runner as SIGINT", async (signal) => {
  await using entrypoint = start(`${connect} echo "$T: Running job: build"
trap 'echo "$T: Job build completed with result: Canceled"; exit 0' INT
trap 'echo TERM-REACHED' TERM
echo "$T: Runner connect error: ready. Retrying until reconnected."
while :; do sleep 0.05; done`);
  await entrypoint.process.seen(/ready/);
  entrypoint.process.child.kill(signal);
  expect(await entrypoint.process.exited).toBe(1);
  expect(entrypoint.process.output).not.toContain("TERM-REACHED");
  expect(entrypoint.events().at(-1)).toEqual({ event: "exit", reason: "killed", result: "Canceled", code: 0 });
});

test("a runner that does not heed is killed with all that it started", async () => {
  await using entrypoint = start(
    `trap '' INT TERM; ${connect} echo "$T: Running job: build"
setsid bash -c 'trap "" INT TERM; echo $$ >pid; while :; do sleep 0.1; done' &
until [ -s pid ]; do sleep 0.05; done
echo "$T: Runner connect error: ready. Retrying until reconnected."
while :; do sleep 0.1; done`,
    { MODAL_GHA_GRACE_SECONDS: "1" },
  );
  await entrypoint.process.seen(/ready/);
  entrypoint.process.child.kill("SIGTERM");
  expect(await entrypoint.process.exited).toBe(9);
  expect(entrypoint.events().at(-1)).toEqual({ event: "exit", reason: "killed", result: null, code: 137 });
  const pid = readFileSync(join(entrypoint.directory, "runner", "pid"), "utf8").trim();
  expect(["gone", "Z"]).toContain(stateOf(pid));
});

test("whoever asks for the end may say how long it may take", async () => {
  using directory = temporaryDirectory();
  await using entrypoint = start(
    `trap '' INT; ${connect} echo "$T: Running job: build"
echo "$T: Runner connect error: ready. Retrying until reconnected."
while :; do sleep 0.1; done`,
    { MODAL_GHA_GRACE_SECONDS: "86400", TMPDIR: directory.path },
  );
  await entrypoint.process.seen(/ready/);
  writeFileSync(join(directory.path, "modal-gha-entrypoint.grace"), "0");
  // While it waits for output, of which there is no more.
  await expect.poll(() => stateOf(entrypoint.process.child.pid)).toBe("S");
  entrypoint.process.child.kill("SIGINT");
  expect(await entrypoint.process.exited).toBe(9);
  expect(entrypoint.events().at(-1)).toEqual({ event: "exit", reason: "killed", result: null, code: 137 });
});

test.each([
  [
    "deprecated",
    7,
    `${connect} echo "An error occurred: Runner version v2.1.0 is deprecated and cannot receive messages." >&2
echo "Runner listener exit with deprecated version exit code: 7."; exit 7`,
    ["runner: An error occurred: Runner version v2.1.0 is deprecated and cannot receive messages."],
  ],
  [
    "deregistered",
    1,
    `${connect} echo "The runner no longer exists on the server. Cleaning up local configuration." >&2
${leave}`,
    ["runner: The runner no longer exists on the server. Cleaning up local configuration."],
  ],
  [
    "session-conflict",
    1,
    `echo "A session for this runner already exists." >&2
echo "Runner listener exit with Session Conflict error, stop the service, no retry needed."; echo "Exiting runner..."`,
    ["runner: A session for this runner already exists."],
  ],
  [
    "runner-failed",
    1,
    "echo 'Must not run interactively with sudo'; exit 1",
    ["runner: Must not run interactively with sudo"],
  ],
])("an end as %s exits with %i", async (reason, code, script, output) => {
  await using entrypoint = start(script);
  expect(await entrypoint.process.exited).toBe(code);
  expect(entrypoint.events().at(-1)).toMatchObject({ event: "exit", reason, result: null });
  expect(entrypoint.output()).toEqual(output);
});

test.each([
  [{ ACTIONS_RUNNER_INPUT_JITCONFIG: "" }, "runner: ACTIONS_RUNNER_INPUT_JITCONFIG is not set."],
  [
    { MODAL_GHA_RUNNER_DIR: "/nowhere" },
    "runner: There is no run.sh in /nowhere: MODAL_GHA_RUNNER_DIR must name the runner's folder.",
  ],
])("a Sandbox that lacks something says what: %o", async (environment, line) => {
  await using entrypoint = start("", environment as Record<string, string>);
  expect(await entrypoint.process.exited).toBe(1);
  expect(entrypoint.output()).toEqual([line]);
  expect(entrypoint.events().at(-1)).toMatchObject({ event: "exit", reason: "runner-failed" });
});

test("output that comes in pieces stays whole lines", async () => {
  await using entrypoint = start(`${connect} echo "$T: Running job: build"
printf '[WORKER %s VERB JobServerQueue] Enqueue web console line queue: slow' "$T"; sleep 1.2; printf 'ly\\nlast'
`);
  await entrypoint.process.exited;
  expect(entrypoint.output()).toEqual(["slowly"]);
});

/** An executable of this name and content in a new folder; returns the folder, to go first in PATH. */
function program(directory: string, name: string, script: string): string {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), `#!/bin/bash\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
  return directory;
}

const isRoot = process.getuid?.() === 0;

test.runIf(isRoot).each([
  ["sudo works for him", "exit 0", "nobody"],
  ["sudo does not work there", "exit 1", "root"],
])("started by root, the runner is its folder's owner if %s", async (_when, sudo, user) => {
  using directory = temporaryDirectory();
  const runner = join(directory.path, "theirs");
  program(
    runner,
    "run.sh",
    `echo "$(id -un) $HOME \${RUNNER_ALLOW_RUNASROOT:-no} \${ACTIONS_RUNNER_INPUT_JITCONFIG:0:3}"`,
  );
  chownSync(runner, 65534, 65534);
  chmodSync(directory.path, 0o755);
  const path = program(join(directory.path, "programs"), "sudo", sudo);
  await using entrypoint = start("", {
    MODAL_GHA_RUNNER_DIR: runner,
    HOME: "/root",
    PATH: `${path}:${process.env["PATH"]}`,
  });
  await entrypoint.process.exited;
  expect(entrypoint.output()).toEqual([
    user === "root" ? "runner: root /root 1 the" : "runner: nobody /nonexistent no the",
  ]);
});

test("the engine of an image with Docker is started first, and ends with the runner", async () => {
  using directory = temporaryDirectory();
  const socket = join(directory.path, "docker.sock");
  const bin = join(directory.path, "bin");
  mkdirSync(bin);
  copyFileSync(packageFile("image", "bin", "modal-gha-entrypoint"), join(bin, "modal-gha-entrypoint"));
  writeFileSync(join(directory.path, "docker-engine"), "");
  const listen = `require("node:net").createServer().listen(process.argv[1].split("unix://")[1])`;
  program(bin, "dockerd", `echo $$ >"${directory.path}/pid"; exec "${process.execPath}" -e '${listen}' -- "$@"`);
  const environment = {
    MODAL_GHA_DOCKER: "1",
    MODAL_GHA_DOCKER_SOCKET: socket,
    PATH: `${bin}:${process.env["PATH"]}`,
    TMPDIR: directory.path,
  };
  await using entrypoint = start(`[[ -S ${socket} ]] && echo listens`, environment, join(bin, "modal-gha-entrypoint"));
  await entrypoint.process.exited;
  expect(entrypoint.output()).toEqual(["runner: listens"]);
  const pid = readFileSync(join(directory.path, "pid"), "utf8").trim();
  const state = existsSync(`/proc/${pid}/stat`)
    ? /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]
    : "gone";
  expect(["gone", "Z"]).toContain(state);
});

test.each([
  ["an image without Docker", false, "runner: This image has no Docker; build it with --docker."],
  ["an engine that does not start", true, "runner: Docker does not start: no cgroups here"],
])("%s is no reason not to run", async (_what, hasEngine, line) => {
  using directory = temporaryDirectory();
  const bin = program(join(directory.path, "bin"), "dockerd", "echo no cgroups here >&2; exit 1");
  copyFileSync(packageFile("image", "bin", "modal-gha-entrypoint"), join(bin, "modal-gha-entrypoint"));
  if (hasEngine) writeFileSync(join(directory.path, "docker-engine"), "");
  const environment = {
    MODAL_GHA_DOCKER: "1",
    MODAL_GHA_DOCKER_SOCKET: join(directory.path, "docker.sock"),
    PATH: `${bin}:${process.env["PATH"]}`,
    TMPDIR: directory.path,
  };
  await using entrypoint = start("echo runs", environment, join(bin, "modal-gha-entrypoint"));
  await entrypoint.process.exited;
  expect(entrypoint.output()).toEqual([line, "runner: runs"]);
});
