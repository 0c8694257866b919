// The Sandbox's command with the stand-in runner in it, working for the emulated GitHub: real workflow files, real
// processes, nothing faked in between.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { GitHubEmulator } from "../../src/lib/emulator/github/server.ts";
import { installStandIn } from "../../src/lib/emulator/runner/install.ts";
import { packageFile } from "../../src/lib/package-root.ts";
import { emulatorWith, octokitOf, repo } from "../lib/emulator/github/harness.ts";
import { FollowedProcess, runnerProgram, temporaryDirectory } from "../lib/emulator/runner/runner-process.ts";

interface Sandbox {
  process: FollowedProcess;
  directory: string;
  jitConfiguration: string;
}

let sandboxes = 0;

/** What the controller does for a queued job: a registration, and a Sandbox with the entrypoint for it. */
async function sandboxFor(github: GitHubEmulator, environment: Record<string, string> = {}): Promise<Sandbox> {
  const name = `modal-${++sandboxes}`;
  const { data } = await octokitOf(github).actions.generateRunnerJitconfigForRepo({
    ...repo,
    name,
    runner_group_id: 1,
    labels: ["modal"],
  });
  const directory = temporaryDirectory();
  installStandIn(directory.path, { node: process.execPath, program: runnerProgram });
  const child = spawn(packageFile("image", "bin", "modal-gha-entrypoint"), {
    cwd: directory.path,
    env: {
      PATH: process.env["PATH"],
      ACTIONS_RUNNER_INPUT_JITCONFIG: data.encoded_jit_config,
      MODAL_GHA_RUNNER_DIR: directory.path,
      MODAL_GHA_RUNNER_NAME: name,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const followed = new FollowedProcess(child);
  onTestFinished(async () => {
    await followed[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });
  return { process: followed, directory: directory.path, jitConfiguration: data.encoded_jit_config };
}

const control = "##[modal-gha]";

function events({ process }: Sandbox): Record<string, unknown>[] {
  const lines = process.lines.filter((line) => line.startsWith(control));
  return lines.map((line) => JSON.parse(line.slice(control.length)));
}

test("jobs that need each other run on a Sandbox each, and their logs, outputs and summaries are on GitHub", async () => {
  const github = await emulatorWith(
    `
name: CI
on: push
env: { LEVEL: workflow }
jobs:
  first:
    runs-on: [modal]
    outputs:
      word: \${{ steps.speak.outputs.word }}
    steps:
      - uses: actions/checkout@v4
      - id: speak
        run: |
          test -f .github/workflows/ci.yml && echo "checked out at $LEVEL"
          echo "word=hello" >> "$GITHUB_OUTPUT"
          echo "# Done" >> "$GITHUB_STEP_SUMMARY"
      - run: exit 1
        continue-on-error: true
  second:
    needs: first
    strategy: { matrix: { n: [1] } }
    runs-on: [modal]
    steps:
      - name: Answer \${{ matrix.n }}
        shell: bash
        run: echo "\${{ needs.first.outputs.word }} \${{ secrets.TOKEN }} \${{ matrix.n }}"
`,
    { secrets: { TOKEN: "hush-hush" } },
  );
  await github.trigger({ repository: "widgets", event: "push" });
  const first = await sandboxFor(github);
  expect(await first.process.exited).toBe(0);
  const second = await sandboxFor(github);
  await github.settled();
  expect(await second.process.exited).toBe(0);

  const { jobs, runners } = github.state();
  expect(jobs.map(({ name, conclusion, runner }) => [name, conclusion, runner?.name])).toEqual([
    ["first", "success", expect.stringMatching(/^modal-/)],
    ["second (1)", "success", expect.stringMatching(/^modal-/)],
  ]);
  expect(runners).toEqual([]);
  expect(jobs[0]!.steps.map(({ name, conclusion }) => [name, conclusion])).toEqual([
    ["Set up job", "success"],
    ["Set up runner", "success"],
    ["Run actions/checkout@v4", "success"],
    [expect.stringMatching(/^Run test -f/), "success"],
    ["Run exit 1", "success"],
    ["Complete runner", "success"],
    ["Complete job", "success"],
  ]);
  expect(jobs[0]!.outputs).toEqual({ word: "hello" });
  expect(github.summary(jobs[0]!.id)).toBe("# Done\n");
  const log = await octokitOf(github).actions.downloadJobLogsForWorkflowRun({ ...repo, job_id: jobs[0]!.id });
  expect(log.data).toContain("Z checked out at workflow\n");

  expect(first.process.lines).toContain("checked out at workflow");
  expect(second.process.lines).toContain("hello *** 1");
  expect(second.process.output).not.toContain("hush-hush");
  expect(events(second).map(({ event, name, result }) => [event, name, result].filter(Boolean).join(" "))).toEqual([
    "starting",
    "listening",
    "job second (1)",
    "step Set up runner",
    "step-result Set up runner Succeeded",
    "step Answer 1",
    "step-result Answer 1 Succeeded",
    "step Complete runner",
    "step-result Complete runner Succeeded",
    "job-result Succeeded",
    "exit Succeeded",
  ]);
  expect(events(second).at(-1)).toMatchObject({ reason: "job-completed", result: "Succeeded", code: 0 });
});

const patientWorkflow = `
on: push
jobs:
  build:
    runs-on: [modal]
    steps:
      - run: |
          env | grep JITCONFIG= || tr '\\0' '\\n' </proc/self/environ | grep JITCONFIG= || echo clean
          echo waiting; sleep 300
      - if: always()
        run: echo cleaned up
`;

test("a run cancelled on GitHub stops its job, whose always() steps still run", async () => {
  const github = await emulatorWith(patientWorkflow);
  const [runId] = await github.trigger({ repository: "widgets", event: "push" });
  const sandbox = await sandboxFor(github);
  await sandbox.process.seen(/^waiting$/m);
  await octokitOf(github).actions.cancelWorkflowRun({ ...repo, run_id: runId! });
  await github.settled();
  expect(github.state().jobs[0]!.conclusion).toBe("cancelled");
  expect(await sandbox.process.exited).toBe(0);
  expect(sandbox.process.lines).toContain("cleaned up");
  expect(events(sandbox).at(-1)).toMatchObject({ reason: "job-completed", result: "Canceled" });
});

test("a killed Sandbox reports its job first, and no step was shown the JIT configuration", async () => {
  const github = await emulatorWith(patientWorkflow);
  await github.trigger({ repository: "widgets", event: "push" });
  const sandbox = await sandboxFor(github);
  await sandbox.process.seen(/^waiting$/m);
  const environment = readFileSync(`/proc/${sandbox.process.child.pid}/environ`, "utf8");
  expect(environment).not.toContain(sandbox.jitConfiguration.slice(0, 60));
  sandbox.process.child.kill("SIGTERM");
  await github.settled();
  expect(await sandbox.process.exited).toBe(1);
  const [job] = github.state().jobs;
  expect(job).toMatchObject({ status: "completed", conclusion: "failure" });
  expect(job!.annotations).toMatchObject([{ message: expect.stringContaining("received a shutdown signal") }]);
  expect(sandbox.process.lines).not.toContain("cleaned up");
  expect(sandbox.process.lines).toContain("clean");
  expect(events(sandbox).at(-1)).toMatchObject({ reason: "killed", result: "Canceled" });
});

test("a Sandbox without a job gives up, and one that GitHub forgets says so", async () => {
  const github = await emulatorWith(patientWorkflow);
  const idle = await sandboxFor(github, { MODAL_GHA_IDLE_TIMEOUT_SECONDS: "1" });
  expect(await idle.process.exited).toBe(0);
  expect(events(idle).at(-1)).toMatchObject({ reason: "idle", result: null });
  const forgotten = await sandboxFor(github);
  await forgotten.process.seen(/"event":"listening"/);
  const { id } = github.state().runners.at(-1)!;
  await octokitOf(github).actions.deleteSelfHostedRunnerFromRepo({ ...repo, runner_id: id });
  expect(await forgotten.process.exited).toBe(1);
  expect(events(forgotten).at(-1)).toMatchObject({ reason: "deregistered", result: null });
  expect(readFileSync(join(forgotten.directory, "run.sh"), "utf8")).toContain("exec ");
});

test("a runner whose version is deprecated ends with 7", async () => {
  const github = await emulatorWith(patientWorkflow, { deprecatedRunnerVersions: ["2.338.0"] });
  const sandbox = await sandboxFor(github);
  expect(await sandbox.process.exited).toBe(7);
  expect(events(sandbox).at(-1)).toMatchObject({ reason: "deprecated", code: 7 });
});
