import { Octokit } from "@octokit/rest";
import { describe, expect, test } from "vitest";
import type { GitHubEmulator } from "../../../../src/lib/emulator/github/server.ts";
import { runnerVersion } from "../../../../src/lib/emulator/runner/version.ts";
import { FakeRunner } from "./fake-runner.ts";
import { buildWorkflow, directoryOf, emulatorWith, eventOf, octokitOf, quiet, repo, runnerWith } from "./harness.ts";

const org = "acme";

function jit(github: GitHubEmulator, request: object = {}) {
  const complete = { org, name: "one", runner_group_id: 1, labels: ["modal"], ...request };
  return octokitOf(github).actions.generateRunnerJitconfigForOrg(complete);
}

describe("a JIT configuration", () => {
  test("registers an offline runner and holds what the runner needs", async () => {
    const github = await emulatorWith(buildWorkflow);
    const { status, data } = await jit(github, { labels: ["self-hosted", "modal"], work_folder: "w" });
    expect(status).toBe(201);
    expect(data.runner).toMatchObject({
      name: "one",
      os: "unknown",
      status: "offline",
      busy: false,
      ephemeral: true,
      runner_group_id: 1,
      labels: [
        { name: "self-hosted", type: "read-only" },
        { name: "modal", type: "custom" },
      ],
    });
    expect(new FakeRunner(data.encoded_jit_config).settings).toEqual({
      AgentId: String(data.runner.id),
      AgentName: "one",
      PoolId: "1",
      PoolName: "Default",
      ServerUrl: "",
      GitHubUrl: `${github.url}/acme`,
      WorkFolder: "w",
      Ephemeral: "True",
      DisableUpdate: "True",
      UseV2Flow: "True",
      ServerUrlV2: `${github.url}/_services/broker/`,
    });
  });

  test("is refused for a name that is taken, even by a request at the same time", async () => {
    const github = await emulatorWith(buildWorkflow);
    const results = await Promise.allSettled([jit(github), jit(github)]);
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(jit(github)).rejects.toMatchObject({
      status: 409,
      response: { data: { message: "Already exists - A runner with the name one already exists." } },
    });
    expect((await jit(github, { name: "two" })).status).toBe(201);
  });

  test.each([
    ["no group", { runner_group_id: undefined }, 422, `Invalid request.\n\n"runner_group_id" wasn't supplied.`],
    [
      "neither name nor labels",
      { labels: undefined, name: undefined },
      422,
      `Invalid request.\n\n"name", "labels" weren't supplied.`,
    ],
    ["an empty list of labels", { labels: [] }, 422, /^Invalid request\.\n\nFor 'properties\/labels'/],
    ["the group of hosted runners", { runner_group_id: 2 }, 403, /GitHub-hosted/],
    ["an unknown group", { runner_group_id: 77 }, 404, "Not Found"],
  ])("is refused for %s", async (_, request, status, message) => {
    const github = await emulatorWith(buildWorkflow);
    const text = typeof message === "string" ? message : expect.stringMatching(message);
    await expect(jit(github, request)).rejects.toMatchObject({ status, response: { data: { message: text } } });
    expect(github.state().runners).toEqual([]);
  });

  test("for a repository makes a runner that only this repository sees", async () => {
    const github = await emulatorWith(buildWorkflow);
    const { actions } = octokitOf(github);
    const request = { ...repo, name: "one", runner_group_id: 1, labels: ["modal"] };
    const { data } = await actions.generateRunnerJitconfigForRepo(request);
    const runner_id = data.runner.id;
    expect((await actions.getSelfHostedRunnerForRepo({ ...repo, runner_id })).data.name).toBe("one");
    await expect(actions.getSelfHostedRunnerForOrg({ org, runner_id })).rejects.toMatchObject({ status: 404 });
    await github.trigger({ repository: "widgets", event: "push" });
    await (await (await new FakeRunner(data.encoded_jit_config).connect()).take()).complete();
    await github.settled();
  });
});

describe("registrations", () => {
  test("are listed, found by name, and paged", async () => {
    const github = await emulatorWith(buildWorkflow);
    for (const name of ["one", "two", "three"]) await jit(github, { name });
    const octokit = octokitOf(github);
    const all = await octokit.paginate(octokit.actions.listSelfHostedRunnersForOrg, { org, per_page: 1 });
    expect(all.map((runner) => runner.name)).toEqual(["one", "two", "three"]);
    const { data } = await octokit.actions.listSelfHostedRunnersForOrg({ org, name: "two" });
    expect(data.runners.map((runner) => runner.name)).toEqual(["two"]);
  });

  test("cannot be deleted while their runner is busy", async () => {
    const github = await emulatorWith(buildWorkflow);
    await github.trigger({ repository: "widgets", event: "push" });
    const runner = await runnerWith(github, ["modal"]);
    await runner.take();
    const { actions } = octokitOf(github);
    const runner_id = Number(runner.settings.AgentId);
    const { data } = await actions.getSelfHostedRunnerForOrg({ org, runner_id });
    expect(data).toMatchObject({ busy: true, status: "online", os: "linux", version: "2.337.0" });
    await expect(actions.deleteSelfHostedRunnerFromOrg({ org, runner_id })).rejects.toMatchObject({
      status: 422,
      response: { data: { message: `Bad request - Runner "${runner.settings.AgentName}" is still running a job"` } },
    });
  });

  test("once deleted leave their runner without a session and without a token", async () => {
    const github = await emulatorWith(buildWorkflow);
    const runner = await runnerWith(github, ["modal"]);
    const waiting = runner.poll();
    const deleted = octokitOf(github).actions.deleteSelfHostedRunnerFromOrg({
      org,
      runner_id: Number(runner.settings.AgentId),
    });
    expect((await deleted).status).toBe(204);
    expect([202, 404]).toContain((await waiting).status);
    const next = await runner.poll();
    expect([next.status, await next.json()]).toMatchObject([404, { errorKind: "RunnerNotFound" }]);
    const token = await runner.requestToken();
    expect([token.status, await token.json()]).toEqual([400, { error: "invalid_client" }]);
  });

  test("end when their runner idles for long, or has not connected for a day", async () => {
    let now = new Date();
    const github = await emulatorWith(buildWorkflow, { clock: () => now, idleRemovalSeconds: 300 });
    await jit(github, { name: "never-connected" });
    const runner = await runnerWith(github, ["modal"]);
    const removed = () => eventOf(github, (event) => event.type === "runner" && event.action === "removed");
    const idle = removed();
    now = new Date(now.getTime() + 300_000);
    expect(await idle).toMatchObject({ runner: { name: runner.settings.AgentName } });
    const unconnected = removed();
    now = new Date(now.getTime() + 24 * 3_600_000);
    expect(await unconnected).toMatchObject({ runner: { name: "never-connected" } });
  });

  test("groups open to some repositories keep the jobs of others waiting", async () => {
    const directory = await directoryOf({ ".github/workflows/ci.yml": buildWorkflow });
    const widgets = { name: repo.repo, directory };
    const github = await emulatorWith(buildWorkflow, {
      repositories: [widgets, { ...widgets, name: "site", private: false }],
    });
    const { request } = octokitOf(github);
    const route = "/orgs/{org}/actions/runner-groups";
    const { data: group } = await request(`POST ${route}`, { org, name: "few", visibility: "selected" });
    expect(group).toMatchObject({ visibility: "selected", allows_public_repositories: false });
    await expect(request(`POST ${route}`, { org, name: "Few" })).rejects.toMatchObject({ status: 409 });
    const { data } = await jit(github, { runner_group_id: group.id });
    const runner = await new FakeRunner(data.encoded_jit_config).connect();
    await github.trigger({ repository: "widgets", event: "push" });
    await github.trigger({ repository: "site", event: "push" });
    const taken = runner.take();
    const ids = (await request("GET /orgs/{org}/repos", { org })).data.map(({ id }) => id);
    const here = { org, runner_group_id: group.id };
    // A public repository's jobs take one step more.
    await request(`PUT ${route}/{runner_group_id}/repositories`, {
      ...here,
      selected_repository_ids: [ids[1] as number],
    });
    expect(github.state().jobs.map(({ status }) => status)).toEqual(["queued", "queued"]);
    await request(`PATCH ${route}/{runner_group_id}`, { ...here, name: "few", allows_public_repositories: true });
    await taken;
    expect(github.state().jobs.map(({ repository, status }) => `${repository} ${status}`)).toEqual([
      "acme/widgets queued",
      "acme/site in_progress",
    ]);
    const { data: selected } = await request(`GET ${route}/{runner_group_id}/repositories`, here);
    expect(selected.repositories.map(({ name }) => name)).toEqual(["site"]);
  });

  test("groups, downloads and deprecations are told", async () => {
    const github = await emulatorWith(buildWorkflow, { runnerGroups: ["gpu"], deprecatedRunnerVersions: ["2.300.0"] });
    const { actions, request } = octokitOf(github);
    const { data: groups } = await request("GET /orgs/{org}/actions/runner-groups", { org });
    expect(groups.runner_groups).toMatchObject([
      { id: 1, name: "Default", default: true },
      { id: 3, name: "gpu", default: false },
    ]);
    expect((await jit(github, { runner_group_id: 3 })).data.runner.runner_group_id).toBe(3);
    const { data: downloads } = await actions.listRunnerApplicationsForOrg({ org });
    const filename = `actions-runner-linux-x64-${runnerVersion()}.tar.gz`;
    expect(downloads[0]).toMatchObject({ os: "linux", architecture: "x64", filename });
    const anonymous = new Octokit({ baseUrl: github.url, log: quiet });
    const actionsRunner = { owner: "actions", repo: "runner" };
    const { data: newest } = await anonymous.rest.repos.getLatestRelease(actionsRunner);
    expect(newest.tag_name).toBe(`v${runnerVersion()}`);
    expect(newest.assets[0]).toMatchObject({ name: filename, digest: `sha256:${downloads[0]?.sha256_checksum}` });
    const { data: older } = await anonymous.rest.repos.getReleaseByTag({ ...actionsRunner, tag: "v2.337.0" });
    expect(older.assets[0]?.browser_download_url).toMatch(/\/v2\.337\.0\/actions-runner-linux-x64-2\.337\.0\.tar\.gz$/);
    await expect(anonymous.rest.repos.getReleaseByTag({ ...actionsRunner, tag: "v1" })).rejects.toMatchObject({
      status: 404,
    });
    const route = "GET /orgs/{org}/actions/runners/deprecations/{version}";
    const { data: old } = await request(route, { org, version: "2.300.0" });
    expect(Date.parse(old.runtime_deprecates_at)).toBeLessThan(Date.now());
    const { data: current } = await request(route, { org, version: "2.337.0" });
    expect(Date.parse(current.runtime_deprecates_at)).toBeGreaterThan(Date.now());
  });
});

describe("a session", () => {
  test("is one per runner, until it is closed", async () => {
    const github = await emulatorWith(buildWorkflow);
    const { data } = await jit(github);
    const first = await new FakeRunner(data.encoded_jit_config).connect();
    const second = new FakeRunner(data.encoded_jit_config);
    expect((await second.openSession()).status).toBe(409);
    expect((await first.closeSession()).status).toBe(204);
    expect((await second.openSession()).status).toBe(200);
  });

  test("needs the key of the registration", async () => {
    const github = await emulatorWith(buildWorkflow);
    const one = new FakeRunner((await jit(github)).data.encoded_jit_config);
    const two = new FakeRunner((await jit(github, { name: "two" })).data.encoded_jit_config);
    expect((await one.requestToken()).status).toBe(200);
    expect((await one.requestToken(two.key)).status).toBe(400);
  });

  test("of an outdated runner gets no jobs", async () => {
    const github = await emulatorWith(buildWorkflow, { deprecatedRunnerVersions: ["2.300.0"] });
    await github.trigger({ repository: "widgets", event: "push" });
    const runner = await runnerWith(github, ["modal"]);
    const answer = await runner.poll("Online", { version: "2.300.0" });
    expect([answer.status, await answer.json()]).toMatchObject([403, { errorKind: "RunnerVersionTooOld" }]);
    expect(github.state().jobs[0]?.status).toBe("queued");
  });
});

describe("matching", () => {
  const workflow = `
on: push
jobs:
  small: { runs-on: [modal], steps: [{ run: "true" }] }
  large: { runs-on: [Modal, GPU], steps: [{ run: "true" }] }
`;

  test("gives a job to any runner with its labels: the runner made for another job takes it", async () => {
    const github = await emulatorWith(workflow);
    const large = await runnerWith(github, ["modal", "gpu"]);
    const taken = large.take();
    await github.trigger({ repository: "widgets", event: "push" });
    expect((await taken).message.jobName).toBe("small");
    await (await taken).complete();
    expect(github.state().jobs).toMatchObject([
      { key: "small", runner: { name: large.settings.AgentName } },
      { key: "large", status: "queued" },
    ]);
    expect((await (await runnerWith(github, ["gpu", "modal", "more"])).take()).message.jobName).toBe("large");
  });

  test("passes over a runner that hung up, and one that lacks a label", async () => {
    const answered = Promise.withResolvers<void>();
    const github = await emulatorWith(workflow, {
      async intercept(request, answer) {
        const response = await answer();
        if (request.url.includes("/message")) answered.resolve();
        return response;
      },
    });
    const gone = await runnerWith(github, ["modal", "gpu"]);
    const hangUp = new AbortController();
    const polling = gone.poll("Online", { signal: hangUp.signal });
    const lacking = await runnerWith(github, ["gpu"]);
    void lacking.poll().catch(() => {});
    hangUp.abort();
    await expect(polling).rejects.toThrow();
    // The emulator has noticed, and holds the request no longer.
    await answered.promise;
    await github.trigger({ repository: "widgets", event: "push" });
    const job = await (await runnerWith(github, ["modal"])).take();
    expect(job.message.jobName).toBe("small");
    expect(github.state().jobs[1]).toMatchObject({ key: "large", runner: null });
  });

  test("reaches a waiting runner at once, and repeats an offer that was lost", async () => {
    const github = await emulatorWith(buildWorkflow);
    const runner = await runnerWith(github, ["modal"]);
    const waiting = runner.offer();
    const start = performance.now();
    await github.trigger({ repository: "widgets", event: "push" });
    const offer = await waiting;
    // An unanswered poll lasts 50 s.
    expect(performance.now() - start).toBeLessThan(25_000);
    expect(await runner.offer()).toEqual(offer);
    const first = await runner.acquire(offer);
    const again = await runner.acquire(offer);
    expect([first.status, again.status]).toEqual([200, 200]);
  });
});
