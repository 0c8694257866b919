import { describe, expect, test } from "vitest";
import { stepConclusion, stepStatus } from "../../../../src/lib/emulator/runner-protocol.ts";
import { buildWorkflow, emulatorWith, octokitOf, repo, runnerWith } from "./harness.ts";

describe("a run", () => {
  test("goes from dispatch to completion through one runner, which is gone afterwards", async () => {
    const github = await emulatorWith(buildWorkflow, { secrets: { TOKEN: "s3cret" }, variables: { COLOUR: "blue" } });
    const octokit = octokitOf(github);
    const runner = await runnerWith(github, ["modal", "gpu"]);
    const taken = runner.take();

    const dispatched = await octokit.actions.createWorkflowDispatch({ ...repo, workflow_id: "ci.yml", ref: "main" });
    expect(dispatched.status).toBe(204);
    const job = await taken;

    const { data: runs } = await octokit.actions.listWorkflowRunsForRepo({ ...repo, status: "in_progress" });
    expect(runs.workflow_runs).toMatchObject([{ event: "workflow_dispatch", head_branch: "main", run_attempt: 1 }]);
    const run_id = runs.workflow_runs[0]!.id;
    const { data: listed } = await octokit.actions.listJobsForWorkflowRun({ ...repo, run_id });
    expect(listed.jobs).toMatchObject([
      {
        name: "build",
        status: "in_progress",
        labels: ["modal"],
        runner_name: runner.settings.AgentName,
        runner_group_id: 1,
      },
    ]);
    expect(job.message.variables["TOKEN"]).toEqual({ value: "s3cret", isSecret: true });
    expect(job.message.contextData["vars"]).toEqual({ t: 2, d: [{ k: "COLOUR", v: "blue" }] });

    expect((await job.complete()).status).toBe(200);
    await github.settled();
    expect((await octokit.actions.getWorkflowRun({ ...repo, run_id })).data).toMatchObject({
      status: "completed",
      conclusion: "success",
    });
    expect(github.state().runners).toEqual([]);
    expect((await runner.closeSession()).status).toBe(204);
  });

  test("hands outputs to the jobs that need them, and skips those whose condition fails", async () => {
    const github = await emulatorWith(`
on: push
jobs:
  first:
    runs-on: [modal]
    outputs:
      version: \${{ steps.a.outputs.version }}
    steps: [{ id: a, run: "true" }]
  second:
    needs: first
    name: second \${{ needs.first.outputs.version }}
    runs-on: [modal, "v-\${{ needs.first.outputs.version }}"]
    steps: [{ run: "true" }]
  never:
    needs: first
    if: needs.first.outputs.version == '9'
    runs-on: [modal]
    steps: [{ run: "true" }]
`);
    const first = runnerWith(github, ["modal"]).then((runner) => runner.take());
    await github.trigger({ repository: "widgets", event: "push" });
    await (await first).complete("succeeded", { version: "7" });

    expect(github.state().jobs).toMatchObject([
      { key: "first", conclusion: "success", outputs: { version: "7" } },
      { name: "second 7", status: "queued", labels: ["modal", "v-7"] },
      { key: "never", status: "completed", conclusion: "skipped", labels: [], runner: null },
    ]);
    const second = await (await runnerWith(github, ["modal", "v-7"])).take();
    await second.complete();
    await github.settled();
    expect(github.state().runs).toMatchObject([{ conclusion: "success" }]);
  });

  test("holds matrix jobs back to max-parallel, and cancels the rest when one fails", async () => {
    const github = await emulatorWith(`
on: push
jobs:
  test:
    runs-on: [modal]
    strategy:
      max-parallel: 2
      matrix:
        n: [1, 2, 3, 4]
    steps: [{ run: "true" }]
`);
    await github.trigger({ repository: "widgets", event: "push" });
    expect(github.state().jobs.map((job) => job.name)).toEqual(["test (1)", "test (2)"]);

    await (await (await runnerWith(github, ["modal"])).take()).complete();
    expect(github.state().jobs.map((job) => job.name)).toEqual(["test (1)", "test (2)", "test (3)"]);

    await (await (await runnerWith(github, ["modal"])).take()).complete("failed");
    await github.settled();
    expect(github.state().jobs.map(({ name, conclusion }) => [name, conclusion])).toEqual([
      ["test (1)", "success"],
      ["test (2)", "failure"],
      ["test (3)", "cancelled"],
      ["test (4)", "cancelled"],
    ]);
    expect(github.state().runs[0]?.conclusion).toBe("failure");
  });

  test("starts again as its next attempt, with new jobs", async () => {
    const github = await emulatorWith(buildWorkflow);
    const octokit = octokitOf(github);
    const [run_id] = await github.trigger({ repository: "widgets", event: "push" });
    const rerun = () => octokit.actions.reRunWorkflow({ ...repo, run_id: run_id! });
    await expect(rerun()).rejects.toMatchObject({ status: 403, message: expect.stringContaining("already running") });

    await (await (await runnerWith(github, ["modal"])).take()).complete("failed");
    expect((await rerun()).status).toBe(201);
    const { data } = await octokit.actions.listJobsForWorkflowRun({ ...repo, run_id: run_id! });
    expect(data.jobs).toMatchObject([{ run_attempt: 2, status: "queued" }]);
    const all = await octokit.actions.listJobsForWorkflowRun({ ...repo, run_id: run_id!, filter: "all" });
    expect(new Set(all.data.jobs.map((job) => job.id)).size).toBe(2);
  });

  test("of a pull request from a fork shows the fork, and gets no secrets", async () => {
    const github = await emulatorWith(buildWorkflow, { secrets: { TOKEN: "s3cret" } });
    const [run_id] = await github.trigger({
      repository: "acme/widgets",
      event: "pull_request",
      fork: "mallory",
      ref: "evil",
    });
    const { data } = await octokitOf(github).actions.getWorkflowRun({ ...repo, run_id: run_id! });
    expect(data).toMatchObject({
      event: "pull_request",
      head_branch: "evil",
      head_repository: { full_name: "mallory/widgets" },
    });
    const job = await (await runnerWith(github, ["modal"])).take();
    expect(job.message.variables["TOKEN"]).toBeUndefined();
  });
});

describe("steps and logs", () => {
  test("steps show while the job runs; its log is behind a link that lives a minute", async () => {
    let now = new Date();
    const github = await emulatorWith(buildWorkflow, { clock: () => now });
    const octokit = octokitOf(github);
    await github.trigger({ repository: "widgets", event: "push" });
    const job = await (await runnerWith(github, ["modal"])).take();
    const job_id = github.state().jobs[0]!.id;
    const stepId = job.message.steps[0]!.id;
    const step = { external_id: stepId, number: 2, name: "Run make", started_at: now.toISOString() };
    const running = { ...step, status: stepStatus.inProgress, completed_at: "", conclusion: stepConclusion.unknown };
    await job.updateSteps(2, [running]);
    await job.updateSteps(1, [{ ...running, name: "an older update" }]);
    const { data: seen } = await octokit.actions.getJobForWorkflowRun({ ...repo, job_id });
    expect(seen.steps).toMatchObject([{ number: 2, name: "Run make", status: "in_progress", conclusion: null }]);
    const logs = `${github.url}/repos/acme/widgets/actions/jobs/${job_id}/logs`;
    const fetchLogs = () => fetch(logs, { headers: { authorization: `token ${github.token}` }, redirect: "manual" });
    expect((await fetchLogs()).status).toBe(404);

    await job.upload("StepLogs", stepId, ["line 1\n", "line 2\n"]);
    await job.upload("StepSummary", stepId, ["# Built"]);
    expect((await octokit.actions.downloadJobLogsForWorkflowRun({ ...repo, job_id })).data).toBe("line 1\nline 2\n");
    await job.upload("JobLogs", undefined, ["the whole log\n"]);
    await job.complete();

    const response = await fetchLogs();
    expect(response.status).toBe(302);
    const link = response.headers.get("location")!;
    expect(await (await fetch(link)).text()).toBe("the whole log\n");
    now = new Date(now.getTime() + 60_000);
    expect((await fetch(link)).status).toBe(404);
    expect(github.summary(job_id)).toBe("# Built");
  });
});

describe("cancelling", () => {
  test("ends a queued job at once, without a runner; a second time is a conflict", async () => {
    const github = await emulatorWith(buildWorkflow);
    const octokit = octokitOf(github);
    const [run_id] = await github.trigger({ repository: "widgets", event: "push" });
    const cancelled = await octokit.actions.cancelWorkflowRun({ ...repo, run_id: run_id! });
    expect(cancelled.status).toBe(202);
    await github.settled();
    expect(github.state().jobs).toMatchObject([{ status: "completed", conclusion: "cancelled", runner: null }]);
    await expect(octokit.actions.cancelWorkflowRun({ ...repo, run_id: run_id! })).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining("Cannot cancel a workflow run that is completed."),
    });
  });

  test("tells the runner of a running job, and waits for its word", async () => {
    const github = await emulatorWith(buildWorkflow);
    const [run_id] = await github.trigger({ repository: "widgets", event: "push" });
    const runner = await runnerWith(github, ["modal"]);
    const job = await runner.take();
    const message = runner.message("Busy");
    await octokitOf(github).actions.cancelWorkflowRun({ ...repo, run_id: run_id! });
    expect(await message).toMatchObject({
      messageType: "JobCancellation",
      body: JSON.stringify({ jobId: job.message.jobId, timeout: "00:05:00" }),
    });
    expect(github.state().runs[0]?.status).toBe("in_progress");
    await job.complete("canceled");
    await github.settled();
    expect(github.state().runs[0]?.conclusion).toBe("cancelled");
  });

  test("by force ends a running job without its runner's word", async () => {
    const github = await emulatorWith(buildWorkflow);
    const [run_id] = await github.trigger({ repository: "widgets", event: "push" });
    const job = await (await runnerWith(github, ["modal"])).take();
    await octokitOf(github).actions.forceCancelWorkflowRun({ ...repo, run_id: run_id! });
    await github.settled();
    expect(github.state().jobs[0]?.conclusion).toBe("cancelled");
    expect((await job.complete()).status).toBe(404);
  });

  test("lets a job with always() run", async () => {
    const github = await emulatorWith(`
on: push
jobs:
  build: { runs-on: [modal], steps: [{ run: "true" }] }
  after: { needs: build, runs-on: [modal], steps: [{ run: "true" }] }
  clean-up: { needs: build, if: always(), runs-on: [modal], steps: [{ run: "true" }] }
`);
    const [run_id] = await github.trigger({ repository: "widgets", event: "push" });
    await octokitOf(github).actions.cancelWorkflowRun({ ...repo, run_id: run_id! });
    expect(github.state().jobs.map(({ key, status, conclusion }) => [key, status, conclusion])).toEqual([
      ["build", "completed", "cancelled"],
      ["after", "completed", "skipped"],
      ["clean-up", "queued", null],
    ]);
  });
});

describe("time", () => {
  test("a job over its timeout-minutes is cancelled; one whose runner falls silent fails", async () => {
    let now = new Date();
    const github = await emulatorWith(
      `
on: push
jobs:
  slow: { runs-on: [slow], timeout-minutes: 5, steps: [{ run: "true" }] }
  lost: { runs-on: [lost], steps: [{ run: "true" }] }
`,
      { clock: () => now, leaseSeconds: 600 },
    );
    await github.trigger({ repository: "widgets", event: "push" });
    const runner = await runnerWith(github, ["slow"]);
    const slow = await runner.take();
    await (await runnerWith(github, ["lost"])).take();

    const message = runner.message("Busy");
    now = new Date(now.getTime() + 5 * 60_000);
    expect((await message)?.messageType).toBe("JobCancellation");
    await slow.complete("canceled");

    now = new Date(now.getTime() + 5 * 60_000);
    await github.settled();
    expect(github.state().jobs.map(({ key, conclusion }) => [key, conclusion])).toEqual([
      ["slow", "cancelled"],
      ["lost", "failure"],
    ]);
    expect(github.state().runners).toEqual([]);
  });

  test("a job that its runner does not pick up goes back to the queue, and to another runner", async () => {
    let now = new Date();
    const github = await emulatorWith(buildWorkflow, { clock: () => now });
    await github.trigger({ repository: "widgets", event: "push" });
    const first = await runnerWith(github, ["modal"]);
    const request = await first.offer();
    const second = await runnerWith(github, ["modal"]);
    const taken = second.take();
    now = new Date(now.getTime() + 60_000);
    await taken;
    expect((await first.acquire(request)).status).toBe(409);
    expect((await first.acknowledge(request.runner_request_id)).status).toBe(404);
  });
});
