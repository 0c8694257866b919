import { describe, expect, test } from "vitest";
import { buildWorkflow, emulatorWith, octokitOf, repo } from "./harness.ts";

describe("rate limits", () => {
  test("are shown and never reached unless they are switched on", async () => {
    const github = await emulatorWith(buildWorkflow);
    const octokit = octokitOf(github);
    await octokit.repos.get(repo);
    const { headers } = await octokit.repos.get(repo);
    expect(headers).toMatchObject({
      "x-ratelimit-limit": "5000",
      "x-ratelimit-used": "2",
      "x-ratelimit-remaining": "4998",
      "x-github-request-id": expect.stringMatching(/^[0-9A-F:]+$/),
    });
  });

  test("primary: 403 with nothing remaining, until the hour is over", async () => {
    let now = new Date();
    const github = await emulatorWith(buildWorkflow, { rateLimits: { primaryPerHour: 2 }, clock: () => now });
    const octokit = octokitOf(github);
    await octokit.repos.get(repo);
    await octokit.repos.get(repo);
    await expect(octokit.repos.get(repo)).rejects.toMatchObject({
      status: 403,
      message: expect.stringMatching(/^API rate limit exceeded for user ID \d+\./),
      response: { headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": expect.any(String) } },
    });
    const { data } = await octokit.rateLimit.get();
    expect(data.rate).toMatchObject({ limit: 2, remaining: 0, used: 2 });
    now = new Date(data.rate.reset * 1000);
    expect((await octokit.repos.get(repo)).status).toBe(200);
  });

  test("a conditional request that changes nothing is free", async () => {
    const github = await emulatorWith(buildWorkflow, { rateLimits: { primaryPerHour: 2 } });
    const octokit = octokitOf(github);
    const { headers } = await octokit.actions.listWorkflowRunsForRepo(repo);
    const again = () =>
      octokit.actions.listWorkflowRunsForRepo({ ...repo, headers: { "if-none-match": headers.etag! } });
    for (let i = 0; i < 5; i++) await expect(again()).rejects.toMatchObject({ status: 304 });
    await github.trigger({ repository: "widgets", event: "push" });
    expect((await again()).data.total_count).toBe(1);
  });

  const jit = (name: string) => ({ org: "acme", name, runner_group_id: 1, labels: ["modal"] });

  test("secondary: points and created content per minute, with Retry-After", async () => {
    let now = new Date();
    const secondary = { pointsPerMinute: 12, contentCreationsPerMinute: 1 };
    const github = await emulatorWith(buildWorkflow, { rateLimits: { secondary }, clock: () => now });
    const { actions, repos } = octokitOf(github);
    await actions.generateRunnerJitconfigForOrg(jit("one"));
    now = new Date(now.getTime() + 20_000);
    await expect(actions.generateRunnerJitconfigForOrg(jit("two"))).rejects.toMatchObject({
      status: 403,
      message: expect.stringMatching(/^You have exceeded a secondary rate limit\. Please wait a few minutes/),
      response: { headers: { "retry-after": "40" } },
    });
    for (let i = 0; i < 7; i++) await repos.get(repo);
    await expect(repos.get(repo)).rejects.toMatchObject({ status: 403 });
    now = new Date(now.getTime() + 60_000);
    expect((await actions.generateRunnerJitconfigForOrg(jit("two"))).status).toBe(201);
  });

  test("secondary: concurrent requests", async () => {
    const github = await emulatorWith(buildWorkflow, { rateLimits: { secondary: { concurrent: 1 } } });
    const { repos } = octokitOf(github);
    // A request whose body does not end is under way until it does.
    const endless = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
    const abort = new AbortController();
    const held = fetch(`${github.url}/orgs/acme/actions/runners/generate-jitconfig`, {
      method: "POST",
      headers: { authorization: `token ${github.token}` },
      body: endless,
      duplex: "half",
      signal: abort.signal,
    }).catch(() => {});
    const refusal = () =>
      repos.get(repo).then(
        () => undefined,
        (error) => ({ status: error.status, retryAfter: error.response.headers["retry-after"] }),
      );
    await expect.poll(refusal).toEqual({ status: 429, retryAfter: "60" });
    abort.abort();
    await held;
  });

  test("registrations per five minutes", async () => {
    const github = await emulatorWith(buildWorkflow, { rateLimits: { registrationsPer5Minutes: 1 } });
    const { actions } = octokitOf(github);
    await actions.generateRunnerJitconfigForOrg(jit("one"));
    await expect(actions.generateRunnerJitconfigForOrg(jit("two"))).rejects.toMatchObject({ status: 403 });
    const other = { ...repo, name: "two", runner_group_id: 1, labels: ["modal"] };
    expect((await actions.generateRunnerJitconfigForRepo(other)).status).toBe(201);
  });
});
