// The stand-in's steps, seen from outside: what a job prints, reports and leaves behind.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type {
  ActionStep,
  AgentJobRequestMessage,
  CompleteJobRequest,
} from "../../../../src/lib/emulator/runner-protocol.ts";
import { FakeGitHub, scriptStep } from "./fake-github.ts";
import { startRunner, temporaryDirectory, traceEnvironment } from "./runner-process.ts";

interface Run {
  report: CompleteJobRequest;
  output: string;
  github: FakeGitHub;
  code: number | null;
}

/** Lets a runner run one job to its end. */
async function run(
  steps: ActionStep[],
  more: Partial<AgentJobRequestMessage> = {},
  environment: Record<string, string> = {},
): Promise<Run> {
  await using github = await FakeGitHub.start();
  using root = temporaryDirectory();
  github.offer(steps, more);
  const variables = { ACTIONS_RUNNER_INPUT_JITCONFIG: github.jitConfiguration(), ...environment };
  await using runner = startRunner(root.path, variables);
  const report = await github.completed;
  const code = await runner.exited;
  return { report, output: runner.output, github, code };
}

/** A process that has ended but not been reaped counts as ended. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const results = ({ report }: Run) =>
  Object.fromEntries(report.stepResults.map(({ name, conclusion }) => [name, conclusion]));

test("a job goes from session to result, and the console says what the real runner says", async () => {
  const { report, output, github, code } = await run([scriptStep("echo one\necho two >&2")]);
  expect(report).toMatchObject({ conclusion: "succeeded", jobId: github.job!.jobId });
  expect(report.stepResults.map(({ number, name, status }) => [number, name, status])).toEqual([
    [1, "Set up job", "completed"],
    [2, "Run echo one", "completed"],
    [3, "Complete job", "completed"],
  ]);
  expect(code).toBe(0);
  expect(output.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "TIME")).toBe(
    [
      "",
      "√ Connected to GitHub",
      "",
      "Current runner version: '2.338.0'",
      "TIME: Listening for Jobs",
      "TIME: Running job: build",
      "TIME: Job build completed with result: Succeeded",
      "√ Removed .credentials",
      "√ Removed .runner",
      "Runner listener exit with 0 return code, stop the service, no retry needed.",
      "Exiting runner...",
      "",
    ].join("\n"),
  );
  expect(github.assertions).toEqual([{ alg: "RS256", iss: "client-7", verified: true }]);
  expect(github.sessions[0]).toMatchObject({ agent: { id: 7, name: "stand-in-7", ephemeral: true } });
  expect(github.acknowledged).toEqual(["request-1"]);
  expect(github.statuses.at(-1)).toBe("Busy");
  expect(github.requests).toContain("POST /run/renewjob");
  expect(github.sessionsDeleted).toBe(1);
});

test("logs and step states reach the results service", async () => {
  const { report, github } = await run([scriptStep("echo hello")]);
  const log = github.log("Run echo hello");
  expect(log.replaceAll(/^\S+Z /gm, "")).toMatch(
    /^##\[group\]Run echo hello\n.*echo hello.*\nshell: \/\S*bash -e \{0\}\n##\[endgroup\]\nhello\n$/,
  );
  expect(log).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ##\[group\]/);
  expect(github.jobLog).toContain(log);
  expect(github.jobLog).toMatch(/Complete job name: build\n[\s\S]*Cleaning up orphan processes\n/);
  const orders = github.updates.map(({ change_order }) => change_order);
  expect(orders).toEqual(orders.toSorted((a, b) => a - b));
  const last = new Map(github.updates.flatMap(({ steps }) => steps).map((step) => [step.external_id, step]));
  expect([...last.values()].map(({ status, conclusion }) => [status, conclusion])).toEqual([
    [6, 2],
    [6, 2],
    [6, 2],
  ]);
  expect(github.metadata).toContainEqual(
    expect.objectContaining({ method: "CreateJobLogsMetadata", workflow_run_backend_id: report.planId }),
  );
});

test("outputs, environment, path, summary and job outputs pass from step to step", async () => {
  const { report, github } = await run(
    [
      scriptStep(
        [
          'echo "plain=1" >> "$GITHUB_OUTPUT"',
          'printf "many<<END\\na=b\\nc<<d\\nEND\\n" >> "$GITHUB_OUTPUT"',
          "echo 'FROM_FILE=set' >> \"$GITHUB_ENV\"",
          'mkdir -p bin; printf "#!/bin/sh\\necho tool-ran" > bin/mytool; chmod +x bin/mytool',
          'echo "$PWD/bin" >> "$GITHUB_PATH"',
          'echo "# Sum" >> "$GITHUB_STEP_SUMMARY"',
          'echo "::set-output name=old::style"',
        ].join("\n"),
        { contextName: "first", displayNameToken: "First" },
      ),
      scriptStep(
        {
          type: 3,
          expr: 'format(\'mytool; echo "$FROM_FILE $JOB_LEVEL $STEP_LEVEL"; echo "{0}"\', steps.first.outputs.many)',
        },
        {
          displayNameToken: { type: 3, expr: "format('Second {0}', steps.first.outputs.plain)" },
          environment: { type: 2, map: [{ Key: "STEP_LEVEL", Value: { type: 3, expr: "env.JOB_LEVEL" } }] },
        },
      ),
    ],
    {
      environmentVariables: [{ type: 2, map: [{ Key: "JOB_LEVEL", Value: "job" }] }],
      jobOutputs: {
        type: 2,
        map: [
          { Key: "result", Value: { type: 3, expr: "steps.first.outputs.plain" } },
          { Key: "old", Value: { type: 3, expr: "steps.first.outputs.old" } },
        ],
      },
    },
  );
  const log = github.log("Second 1").replaceAll(/^\S+Z /gm, "");
  expect(log).toContain("##[endgroup]\ntool-ran\nset job job\na=b\nc<<d\n");
  expect(log).toContain("env:\n  JOB_LEVEL: job\n  FROM_FILE: set\n  STEP_LEVEL: job\n");
  expect(report.outputs).toEqual({ result: { value: "1" }, old: { value: "style" } });
  const first = report.stepResults.find(({ name }) => name === "First")!;
  expect(github.blobs.get(`summary-${first.external_id}`)).toBe("# Sum\n");
  expect(first.annotations[0]).toMatchObject({ level: "WARNING", message: expect.stringContaining("`set-output`") });
});

test("conditions, continue-on-error and always() follow the results so far", async () => {
  const outcome = await run(
    [
      scriptStep("exit 3", { contextName: "soft", displayNameToken: "soft", continueOnError: true }),
      scriptStep("echo after", { displayNameToken: "after soft" }),
      scriptStep("exit 7", { contextName: "hard", displayNameToken: "hard" }),
      scriptStep("echo never", { displayNameToken: "skipped" }),
      scriptStep("echo failed", { displayNameToken: "on failure", condition: "failure()" }),
      scriptStep("echo always", { displayNameToken: "always", condition: "always()" }),
    ],
    {
      jobOutputs: {
        type: 2,
        map: [
          {
            Key: "states",
            Value: {
              type: 3,
              expr: "format('{0} {1} {2} {3}', steps.soft.outcome, steps.soft.conclusion, steps.hard.outcome, job.status)",
            },
          },
        ],
      },
    },
  );
  expect(outcome.report.conclusion).toBe("failed");
  expect(results(outcome)).toMatchObject({
    soft: "succeeded",
    "after soft": "succeeded",
    hard: "failed",
    skipped: "skipped",
    "on failure": "succeeded",
    always: "succeeded",
  });
  expect(outcome.report.outputs).toEqual({ states: { value: "failure success failure failure" } });
  expect(outcome.github.log("hard")).toContain("##[error]Process completed with exit code 7.");
  expect(outcome.output).toContain("Job build completed with result: Failed");
});

test("shells: bash with options when named, python, templates; an unknown one fails its step", async () => {
  const outcome = await run([
    scriptStep("false | true\necho unset", { displayNameToken: "default" }),
    scriptStep("false | true\necho not-reached", { displayNameToken: "bash", shell: "bash", continueOnError: true }),
    scriptStep("print('py' + 'thon')", { displayNameToken: "python", shell: "python3 {0}" }),
    scriptStep("echo templated", { displayNameToken: "template", shell: "bash -x {0}" }),
    scriptStep("echo", { displayNameToken: "unknown", shell: "nosuchshell" }),
  ]);
  expect(outcome.github.log("default")).toMatch(/shell: \S+bash -e \{0\}\n[\s\S]*unset\n/);
  expect(outcome.github.log("bash")).toMatch(/shell: \S+bash --noprofile --norc -e -o pipefail \{0\}\n/);
  expect(outcome.github.log("bash")).not.toMatch(/Z not-reached/);
  expect(outcome.github.log("python")).toContain("Z python\n");
  expect(outcome.github.log("template")).toContain("Z + echo templated\n");
  expect(outcome.github.log("unknown")).toContain("##[error]nosuchshell: command not found");
  expect(results(outcome)).toMatchObject({ unknown: "failed", template: "succeeded" });
});

test("secrets never show, in any log, however they are printed", async () => {
  const secret = "s3cr3t'value";
  const { github, output, report } = await run(
    [
      scriptStep(
        [
          'echo "plain $SECRET"',
          'printf "%s" "x$SECRET" | base64; printf "%s" "xx$SECRET" | base64',
          "echo ghs_jobtoken",
          "echo hint-4711",
          'echo "::add-mask::late-secret"',
          "echo before late-secret after",
          'echo "::error file=a.txt,line=3::saw $SECRET"',
          'echo "$SECRET" >> "$GITHUB_STEP_SUMMARY"',
          'echo "leak=$SECRET" >> "$GITHUB_OUTPUT"',
        ].join("\n"),
        {
          contextName: "s",
          displayNameToken: { type: 3, expr: "format('Use {0}', secrets.my_secret)" },
          environment: { type: 2, map: [{ Key: "SECRET", Value: { type: 3, expr: "secrets.MY_SECRET" } }] },
        },
      ),
    ],
    {
      variables: { MY_SECRET: { value: secret, isSecret: true }, PLAIN: { value: "visible" } },
      mask: [{ type: "regex", value: "hint-[0-9]+" }],
      jobOutputs: { type: 2, map: [{ Key: "leak", Value: { type: 3, expr: "steps.s.outputs.leak" } }] },
    },
    traceEnvironment,
  );
  const everything = [...github.blobs.values(), output, JSON.stringify(report), JSON.stringify(github.updates)].join(
    "\n",
  );
  // Nine bytes from the second and the third on: whole groups of base64 wherever the secret began.
  const encoded = [1, 2].map((from) =>
    Buffer.from(secret)
      .subarray(from, from + 9)
      .toString("base64"),
  );
  for (const word of ["s3cr3t", "ghs_jobtoken", "hint-4711", ...encoded]) expect(everything).not.toContain(word);
  expect(github.log("Use ***")).toMatch(/plain \*\*\*\n/);
  expect(github.log("Use ***")).toContain("before *** after");
  expect(report.outputs).toEqual({});
  expect(report.stepResults[1]!.annotations[0]).toEqual({
    level: "FAILURE",
    message: "saw ***",
    path: "a.txt",
    startLine: 3,
  });
});

test("the trace shows steps and masked lines as they come", async () => {
  await using github = await FakeGitHub.start();
  using root = temporaryDirectory();
  const gate = join(root.path, "gate");
  github.offer([scriptStep(`echo first; until [ -e '${gate}' ]; do sleep 0.05; done; echo second`)]);
  const variables = { ACTIONS_RUNNER_INPUT_JITCONFIG: github.jitConfiguration(), ...traceEnvironment };
  await using runner = startRunner(root.path, variables);
  const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`;
  await runner.seen(
    new RegExp(`^\\[WORKER ${time} INFO StepsRunner\\] Processing step: DisplayName='Run echo first; `, "m"),
  );
  await runner.seen(
    new RegExp(`^\\[WORKER ${time} VERB JobServerQueue\\] Enqueue web console line queue: first$`, "m"),
  );
  expect(runner.output).not.toMatch(/queue: second$/m);
  writeFileSync(gate, "");
  await runner.seen(/queue: second$/m);
  await runner.seen(new RegExp(`^\\[WORKER ${time} INFO StepsRunner\\] Step result: $`, "m"));
  expect(await runner.exited).toBe(0);
});

test("steps find GitHub's variables and the event, and no trace of the JIT configuration", async () => {
  await using github = await FakeGitHub.start();
  using root = temporaryDirectory();
  github.offer([
    scriptStep(
      [
        'echo "$CI $GITHUB_ACTIONS $GITHUB_REPOSITORY $GITHUB_RUN_ID $GITHUB_JOB $RUNNER_NAME $RUNNER_OS"',
        'test "$PWD" = "$GITHUB_WORKSPACE" && test -d "$RUNNER_TEMP" && test -d "$RUNNER_TOOL_CACHE" && echo places',
        'cat "$GITHUB_EVENT_PATH"; echo',
        'echo "hash $(printenv GITHUB_TOKEN || echo no token)"',
        "env; cat /proc/self/environ | tr '\\0' '\\n'",
      ].join("\n"),
      { displayNameToken: "look" },
    ),
  ]);
  const encoded = github.jitConfiguration();
  await using runner = startRunner(root.path, { ACTIONS_RUNNER_INPUT_JITCONFIG: encoded });
  await github.completed;
  await runner.exited;
  const log = github.log("look");
  expect(log).toContain(
    `true true octo/repo 42 build stand-in-7 ${process.platform === "linux" ? "Linux" : "macOS"}\n`,
  );
  expect(log).toContain("Z places\n");
  expect(log).toContain('Z {"ref":"refs/heads/main","commits":[]}\n');
  expect(log).toContain("hash no token");
  expect(log).not.toContain("JITCONFIG");
  expect(github.jobLog).not.toContain(encoded.slice(0, 40));
});

test("the configuration files are the owner's alone, and go with the job", async () => {
  await using github = await FakeGitHub.start();
  using root = temporaryDirectory();
  await using runner = startRunner(root.path, { ACTIONS_RUNNER_INPUT_JITCONFIG: github.jitConfiguration() });
  await runner.seen(/Listening for Jobs/);
  for (const name of [".runner", ".credentials", ".credentials_rsaparams"]) {
    expect(statSync(join(root.path, name)).mode & 0o777).toBe(0o600);
  }
  expect(JSON.parse(readFileSync(join(root.path, ".runner"), "utf8"))).toMatchObject({ AgentName: "stand-in-7" });
  github.offer([scriptStep("true")]);
  await runner.exited;
  expect(readdirSync(root.path).filter((name) => name.startsWith("."))).toEqual([]);
});

test("hooks run as the first and the last step, and may set the environment", async () => {
  using hooks = temporaryDirectory();
  const started = join(hooks.path, "started.sh");
  const completed = join(hooks.path, "completed.sh");
  writeFileSync(started, 'echo "hook for $GITHUB_JOB"; echo "FROM_HOOK=yes" >> "$GITHUB_ENV"');
  writeFileSync(completed, "echo bye");
  const { report, github } = await run(
    [scriptStep('echo "from hook: $FROM_HOOK"; exit 1', { displayNameToken: "step" })],
    {},
    {
      ACTIONS_RUNNER_HOOK_JOB_STARTED: started,
      ACTIONS_RUNNER_HOOK_JOB_COMPLETED: completed,
    },
  );
  expect(report.stepResults.map(({ name, conclusion }) => [name, conclusion])).toEqual([
    ["Set up job", "succeeded"],
    ["Set up runner", "succeeded"],
    ["step", "failed"],
    ["Complete runner", "succeeded"],
    ["Complete job", "succeeded"],
  ]);
  expect(github.log("Set up runner")).toMatch(/A job started hook has been configured[\s\S]*Z hook for build\n/);
  expect(github.log("step")).toContain("Z from hook: yes\n");
});

test("actions/checkout unpacks the commit's archive; other actions say what they need", async () => {
  await using github = await FakeGitHub.start();
  using root = temporaryDirectory();
  mkdirSync(join(root.path, "octo-repo-0123"));
  writeFileSync(join(root.path, "octo-repo-0123", "readme"), "checked out");
  github.archive = execFileSync("tar", ["-czf", "-", "-C", root.path, "octo-repo-0123"]);
  const uses = (name: string, more: Partial<ActionStep> = {}): ActionStep => ({
    ...scriptStep(""),
    inputs: { type: 2, map: [] },
    reference: { type: "repository", name, ref: "v4", repositoryType: "GitHub" },
    ...more,
  });
  github.offer([
    uses("actions/checkout", { inputs: { type: 2, map: [{ Key: "path", Value: "sub" }] } }),
    scriptStep(
      { type: 3, expr: "format('cat sub/readme; echo {0}', hashFiles('**/readme'))" },
      { displayNameToken: "look" },
    ),
    uses("actions/setup-node"),
  ]);
  await using runner = startRunner(root.path, { ACTIONS_RUNNER_INPUT_JITCONFIG: github.jitConfiguration() });
  const report = await github.completed;
  await runner.exited;
  expect(github.archiveRequests).toEqual([
    { url: "/repos/octo/repo/tarball/0123456789012345678901234567890123456789", authorization: "Bearer ghs_jobtoken" },
  ]);
  expect(github.log("look")).toMatch(/Z checked out[0-9a-f]{64}\n/);
  expect(report.stepResults[3]).toMatchObject({ name: "Run actions/setup-node@v4", conclusion: "failed" });
  expect(report.stepResults[3]!.annotations[0]!.message).toBe(
    "The stand-in runner runs only 'run:' steps and actions/checkout. The step 'Run actions/setup-node@v4' uses " +
      "actions/setup-node@v4, for which a real runner is needed.",
  );
});

test("commands: groups, stop-commands, and a bad file command fails its step", async () => {
  const outcome = await run([
    scriptStep(
      "echo '::group::Title'; echo '::endgroup::'; echo '::stop-commands::resume-here'; echo '::error::plain'; echo '::resume-here::'; echo '::warning title=T::real'",
      {
        displayNameToken: "commands",
      },
    ),
    scriptStep('echo "no equals" >> "$GITHUB_ENV"', { displayNameToken: "bad" }),
  ]);
  const log = outcome.github.log("commands").replaceAll(/^\S+Z /gm, "");
  expect(log).toContain("##[group]Title\n##[endgroup]\n");
  expect(log).toContain("\n::error::plain\n");
  expect(log).toContain("##[warning]real\n");
  expect(outcome.report.stepResults[1]!.annotations).toMatchObject([{ level: "WARNING", title: "T", message: "real" }]);
  expect(outcome.github.log("bad")).toContain("##[error]Invalid format 'no equals'");
  expect(results(outcome)["bad"]).toBe("failed");
});

test("a step past its timeout-minutes fails", async () => {
  const outcome = await run([scriptStep("echo going; sleep 60", { displayNameToken: "slow", timeoutInMinutes: 0.01 })]);
  expect(results(outcome)["slow"]).toBe("failed");
  expect(outcome.github.log("slow")).toContain("##[error]The action 'slow' has timed out after 0.01 minutes.");
});

test("what a job leaves running is ended with it", async () => {
  const { github } = await run([
    scriptStep("setsid sleep 300 >/dev/null 2>&1 & echo $! > pid; sleep 0.1; cat pid", { displayNameToken: "leave" }),
  ]);
  const pid = /Z (\d+)\n/.exec(github.log("leave"))![1]!;
  expect(github.jobLog).toContain(`Terminate orphan process: pid (`);
  expect(isRunning(Number(pid))).toBe(false);
});
