// The stand-in between start and exit: what the broker and the operator can do to it, and what it ends with.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { installStandIn } from "../../../../src/lib/emulator/runner/install.ts";
import { FakeGitHub, scriptStep } from "./fake-github.ts";
import {
  type FollowedProcess,
  runnerProgram,
  startRunner,
  temporaryDirectory,
  traceEnvironment,
} from "./runner-process.ts";

interface Setting extends AsyncDisposable {
  github: FakeGitHub;
  root: string;
  start(environment?: Record<string, string>): FollowedProcess;
}

async function setting(): Promise<Setting> {
  const stack = new AsyncDisposableStack();
  const github = stack.use(await FakeGitHub.start());
  const root = stack.use(temporaryDirectory()).path;
  return {
    github,
    root,
    start: (environment = {}) =>
      stack.use(
        startRunner(root, {
          ACTIONS_RUNNER_INPUT_JITCONFIG: github.jitConfiguration(),
          RUNNER_STAND_IN_RETRY_SECONDS: "0.05",
          ...environment,
        }),
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("a cancelled job stops its step with SIGINT, and still runs its always() steps", async () => {
  await using scene = await setting();
  scene.github.offer([
    scriptStep("trap 'echo interrupted; exit 1' INT; echo ready; while :; do sleep 0.05; done", {
      displayNameToken: "long",
    }),
    scriptStep("echo next", { displayNameToken: "next" }),
    scriptStep("echo cleanup", { displayNameToken: "cleanup", condition: "always()" }),
    scriptStep("echo told", { displayNameToken: "told", condition: "cancelled()" }),
  ]);
  const runner = scene.start(traceEnvironment);
  await runner.seen(/queue: ready$/m);
  scene.github.cancel();
  const report = await scene.github.completed;
  expect(report.conclusion).toBe("canceled");
  expect(report.stepResults.map(({ name, conclusion }) => [name, conclusion])).toEqual([
    ["Set up job", "succeeded"],
    ["long", "canceled"],
    ["next", "skipped"],
    ["cleanup", "succeeded"],
    ["told", "succeeded"],
    ["Complete job", "succeeded"],
  ]);
  expect(scene.github.log("long")).toMatch(/Z interrupted\n.*##\[error\]The operation was canceled\.\n/);
  expect(await runner.exited).toBe(0);
  expect(runner.output).toContain("Job build completed with result: Canceled");
});

test("a cancellation does not touch an always() step until its time is up", async () => {
  await using scene = await setting();
  scene.github.offer([
    scriptStep("echo ready; sleep 60", { displayNameToken: "stubborn", condition: "always()" }),
    scriptStep("echo never", { displayNameToken: "last", condition: "always()" }),
  ]);
  const runner = scene.start(traceEnvironment);
  await runner.seen(/queue: ready$/m);
  scene.github.cancel("00:00:01");
  const report = await scene.github.completed;
  expect(report).toMatchObject({
    conclusion: "canceled",
    stepResults: [{}, { conclusion: "canceled" }, { conclusion: "skipped" }, {}],
  });
});

test("SIGINT during a job reports the shutdown, stops the step and skips the rest", async () => {
  await using scene = await setting();
  scene.github.offer([
    scriptStep("echo ready; sleep 60", { displayNameToken: "long" }),
    scriptStep("echo never", { displayNameToken: "last", condition: "always()" }),
  ]);
  const runner = scene.start(traceEnvironment);
  await runner.seen(/queue: ready$/m);
  runner.child.kill("SIGINT");
  const report = await scene.github.completed;
  // The real worker reports a shutdown as a failure, while the listener prints Canceled.
  expect(report).toMatchObject({
    conclusion: "failed",
    stepResults: [{}, { conclusion: "canceled" }, { conclusion: "skipped" }, {}],
    annotations: [{ level: "FAILURE", message: expect.stringContaining("The runner has received a shutdown signal.") }],
  });
  expect(await runner.exited).toBe(0);
  expect(runner.output).toMatch(/^Exiting\.\.\.$/m);
  expect(runner.output).toContain("Job build completed with result: Canceled");
  expect(scene.github.sessionsDeleted).toBe(1);
});

test.each(["SIGINT", "SIGTERM"] as const)("%s while idle closes the session and leaves", async (signal) => {
  await using scene = await setting();
  const runner = scene.start();
  await runner.seen(/Listening for Jobs/);
  runner.child.kill(signal);
  expect(await runner.exited).toBe(0);
  expect(scene.github.sessionsDeleted).toBe(1);
  expect(existsSync(join(scene.root, ".runner"))).toBe(true);
});

test.each([404, 409, 422] as const)(
  "a job that acquirejob answers with %i is skipped, and the next is taken",
  async (status) => {
    await using scene = await setting();
    scene.github.acquireErrors = [status];
    scene.github.offer([]);
    const runner = scene.start(traceEnvironment);
    await runner.seen(/^\[RUNNER .* INFO Runner\] Skipping message Job\. .*'request-1'\. not to be had$/m);
    scene.github.offer([scriptStep("true")]);
    expect((await scene.github.completed).conclusion).toBe("succeeded");
  },
);

test("a session that another runner holds is waited for, then given up as a conflict", async () => {
  await using scene = await setting();
  scene.github.sessionConflicts = 1;
  const patient = scene.start();
  await patient.seen(/Runner reconnected\.\n[\s\S]*Listening for Jobs/);
  patient.child.kill("SIGINT");
  await patient.exited;
  scene.github.sessionConflicts = 1000;
  const hasty = scene.start({ RUNNER_STAND_IN_RETRY_SECONDS: "240" });
  expect(await hasty.exited).toBe(0);
  expect(hasty.lines.filter((line) => /conflict|session/i.test(line))).toEqual([
    "A session for this runner already exists.",
    "Stop retry on SessionConflictException after retried for 240 seconds.",
    "Failed to create session. conflict",
    "Runner listener exit with Session Conflict error, stop the service, no retry needed.",
  ]);
});

test("a deregistered runner cleans up and leaves", async () => {
  await using scene = await setting();
  const runner = scene.start();
  await runner.seen(/Listening for Jobs/);
  scene.github.messageError = { kind: "RunnerNotFound", message: "gone" };
  scene.github.wake();
  expect(await runner.exited).toBe(0);
  expect(runner.output).toContain("The runner no longer exists on the server. Cleaning up local configuration.");
  expect(runner.output).toContain("√ Removed .runner");
  expect(scene.github.sessionsDeleted).toBe(0);
});

test("a registration deleted before the start cannot get a token", async () => {
  await using scene = await setting();
  scene.github.oauthError = "invalid_client";
  const runner = scene.start();
  expect(await runner.exited).toBe(0);
  expect(runner.output).toContain("The runner registration has been deleted from the server");
  expect(runner.output).toContain("Runner listener exit with terminated error");
});

test.each([
  [{ ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: "1" }, 7],
  [{}, 0],
])("a deprecated version ends with %o as %i", async (environment, code) => {
  await using scene = await setting();
  const message = "Runner version v2.338.0 is deprecated and cannot receive messages.";
  scene.github.messageError = { kind: "RunnerVersionTooOld", message };
  const runner = scene.start(environment as Record<string, string>);
  expect(await runner.exited).toBe(code);
  expect(runner.output).toContain(`An error occurred: ${message}`);
});

test("a job gone at its acknowledgement uses the runner up", async () => {
  await using scene = await setting();
  scene.github.acknowledgeError = "AcknowledgeJobNotFound";
  scene.github.offer([scriptStep("true")]);
  const runner = scene.start();
  expect(await runner.exited).toBe(0);
  expect(runner.output).toContain("√ Removed .runner");
  expect(scene.github.requests).not.toContain("POST /run/acquirejob");
});

test("a runner that needs FIPS signs with PS256", async () => {
  await using scene = await setting();
  scene.github.fips = true;
  scene.github.offer([scriptStep("true")]);
  const runner = scene.start();
  await runner.exited;
  expect(scene.github.assertions[0]).toMatchObject({ alg: "PS256", verified: true });
});

test("what is no JIT configuration is refused without being shown", async () => {
  await using scene = await setting();
  const runner = scene.start({ ACTIONS_RUNNER_INPUT_JITCONFIG: "bm90LWpzb24tc2VjcmV0" });
  expect(await runner.exited).toBe(0);
  expect(runner.output).toContain("The JIT configuration is not base64 of a JSON object");
  expect(runner.output).not.toContain("bm90LWpzb24");
});

test("installStandIn makes a run.sh with the folder as the runner's root", async () => {
  await using scene = await setting();
  using home = temporaryDirectory();
  const directory = join(home.path, "it's a folder");
  const script = installStandIn(directory, { node: process.execPath, program: runnerProgram });
  expect(readFileSync(script, "utf8")).not.toContain("eyJ");
  scene.github.offer([scriptStep("true")]);
  const { spawn } = await import("node:child_process");
  const environment = { PATH: process.env["PATH"], ACTIONS_RUNNER_INPUT_JITCONFIG: scene.github.jitConfiguration() };
  const child = spawn(script, { cwd: "/", env: environment, stdio: "ignore" });
  expect((await scene.github.completed).conclusion).toBe("succeeded");
  await new Promise((resolve) => child.once("exit", resolve));
  expect(existsSync(join(directory, "_work", "repo", "repo"))).toBe(true);
});
