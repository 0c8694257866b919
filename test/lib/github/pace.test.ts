import { describe, expect, it } from "vitest";
import { connectGitHub } from "../../../src/lib/github/client.ts";
import { repo } from "../emulator/github/harness.ts";
import { connect, fleetOf, mintRequest, worldWith } from "./support.ts";

const rateLimited = { name: "Unavailable", service: "github", isRateLimit: true };
const limitOf = (pointsPerMinute: number) => ({ pointsPerMinute, concurrent: 100, registrationsPer5Minutes: 1_500 });

describe("the budget of an Octokit", () => {
  it("counts the calls as GitHub does: not those that were answered with 304, nor the question for the limit", async () => {
    const world = await worldWith();
    const octokit = await connect(world);
    const fleet = await fleetOf(world, { octokit });
    const remaining = async () => (await octokit.rest.rateLimit.get()).data.resources.core.remaining;
    const before = await remaining();
    const counted = octokit.counted();
    await fleet.registrations();
    await fleet.registrations();
    await fleet.mintRunner(mintRequest("a"));
    await fleet.registrations();
    expect(world.requests.filter(({ status }) => status === 304)).toHaveLength(1);
    expect(before - (await remaining())).toBe(3);
    expect(octokit.counted() - counted).toBe(3);
  });

  it("puts a runner off before GitHub would refuse it, and says until when", async () => {
    const world = await worldWith({ rateLimits: { secondary: { pointsPerMinute: 100 } } });
    const fleet = await fleetOf(world, { octokit: await connect(world, { limits: limitOf(100) }) });
    const minted = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => fleet.mintRunner(mintRequest(`r-${i}`))),
    );
    const refused = minted.filter((each) => each.status === "rejected").map(({ reason }) => reason);
    expect(refused).toHaveLength(11);
    for (const reason of refused) expect(reason).toMatchObject({ ...rateLimited, retryAfterSeconds: 60 });
    expect(refused[0].message).toContain("to keep within its rate limits");
    expect(world.requests.filter(({ status }) => status >= 400)).toEqual([]);
    world.time.pass(60);
    expect(await fleet.mintRunner(mintRequest("later"))).toMatchObject({ jitConfig: expect.any(String) });
  });

  it("waits in place when it is not long, and no longer", async () => {
    const world = await worldWith({ rateLimits: { secondary: { pointsPerMinute: 20 } } });
    const fleet = await fleetOf(world, { octokit: await connect(world, { limits: limitOf(20) }) });
    await fleet.mintRunner(mintRequest("a"));
    world.time.pass(30);
    await fleet.mintRunner(mintRequest("b"));
    await fleet.mintRunner(mintRequest("c"));
    world.time.pass(29);
    // There is room for three at a time; the first is a minute ago in one second.
    await fleet.mintRunner(mintRequest("d"));
    expect(world.time.slept).toEqual([1_000]);
    await expect(fleet.mintRunner(mintRequest("e"))).rejects.toMatchObject({ ...rateLimited, retryAfterSeconds: 30 });
    expect(world.time.slept).toEqual([1_000]);
    expect(world.requests.every(({ status }) => status < 400)).toBe(true);
  });

  it("after a refusal makes no such call until the time that GitHub named, and lets others go on", async () => {
    const world = await worldWith();
    const fleet = await fleetOf(world);
    world.answer = (request) => {
      if (!request.url.endsWith("/generate-jitconfig")) return undefined;
      const body = { message: "You have exceeded a secondary rate limit. Please wait a few minutes." };
      return Response.json(body, { status: 403, headers: { "retry-after": "30" } });
    };
    await expect(fleet.mintRunner(mintRequest("a"))).rejects.toMatchObject({ ...rateLimited, retryAfterSeconds: 30 });
    world.answer = () => undefined;
    const before = world.requests.length;
    for (let i = 0; i < 20; i++) {
      await expect(fleet.mintRunner(mintRequest("a"))).rejects.toMatchObject(rateLimited);
    }
    expect(world.requests).toHaveLength(before);
    expect(await fleet.registrations()).toEqual([]);
    world.time.pass(30);
    await fleet.mintRunner(mintRequest("a"));
  });

  it("obeys the reset of the hourly limit, which ends every kind of call", async () => {
    const world = await worldWith({ rateLimits: { primaryPerHour: 10 } });
    const octokit = await connect(world, { credentials: { kind: "token", token: world.emulator.token } });
    const fleet = await fleetOf(world, { octokit });
    // Each another page, or the answers would cost nothing.
    const read = (page: number) => octokit.rest.actions.listWorkflowRunsForRepo({ ...repo, page });
    for (let page = 1; page <= 9; page++) await read(page);
    await expect(read(10)).rejects.toMatchObject({
      ...rateLimited,
      message: expect.stringMatching(/kept for clean-up/),
    });
    const before = world.requests.length;
    expect(await fleet.deregister(1, "acme/widgets")).toBe("absent");
    await expect(fleet.deregister(1, "acme/widgets")).rejects.toMatchObject(rateLimited);
    expect(world.requests).toHaveLength(before + 1);
    expect(world.requests.some(({ status }) => status === 403)).toBe(false);
    world.time.pass(3_600);
    await read(10);
  });

  it("keeps within GitHub's concurrency, in turn", async () => {
    const open: { now: number; most: number } = { now: 0, most: 0 };
    const world = await worldWith({
      rateLimits: { secondary: { concurrent: 14 } },
      intercept: async (_, answer) => {
        open.most = Math.max(open.most, ++open.now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        const response = await answer();
        open.now--;
        return response;
      },
    });
    const limits = { ...limitOf(900), concurrent: 14 };
    const octokit = await connect(world, { limits, credentials: { kind: "token", token: world.emulator.token } });
    await Promise.all(Array.from({ length: 40 }, () => octokit.rest.repos.get(repo)));
    expect(open.most).toBe(4);
  });

  it("counts what an App does as itself apart from its installation's calls", async () => {
    const world = await worldWith({ rateLimits: { secondary: { pointsPerMinute: 20 } } });
    const octokit = await connect(world, { limits: limitOf(20) });
    for (let i = 0; i < 15; i++) await octokit.rest.repos.get(repo);
    await octokit.rest.apps.listWebhookDeliveries();
    expect(world.requests.filter(({ path }) => path.includes("access_tokens"))).toHaveLength(1);
    expect(world.requests.some(({ status }) => status >= 400)).toBe(false);
  });
});

describe("conditional requests", () => {
  it("make looking again free while nothing changes, page by page", async () => {
    const world = await worldWith({ rateLimits: { primaryPerHour: 1_000 } });
    const octokit = await connect(world);
    const fleet = await fleetOf(world, { octokit });
    for (let i = 0; i < 101; i++) await world.emulator.trigger({ repository: "widgets", event: "push" });
    await fleet.mintRunner(mintRequest("one"));
    const look = async () => {
      const first = world.requests.length;
      const jobs = await fleet.unfinishedJobs(["acme/widgets"]);
      const runners = await fleet.registrations();
      return { jobs, runners, requests: world.requests.slice(first) };
    };
    const remaining = async () => (await octokit.rest.rateLimit.get()).data.rate.remaining;
    const one = await look();
    expect([one.jobs.length, one.runners.length]).toEqual([101, 1]);
    const left = await remaining();
    const two = await look();
    expect([two.jobs, two.runners]).toEqual([one.jobs, one.runners]);
    expect(two.requests.map(({ path }) => path)).toEqual(one.requests.map(({ path }) => path));
    expect(new Set(two.requests.map(({ status }) => status))).toEqual(new Set([304]));
    expect(await remaining()).toBe(left);

    const [job] = await fleet.unfinishedJobs(["acme/widgets"]);
    await octokit.rest.actions.cancelWorkflowRun({ ...repo, run_id: job!.runId });
    const three = await look();
    expect(three.jobs).toHaveLength(100);
    expect(three.requests.filter(({ status }) => status === 304).length).toBeGreaterThan(90);
  });

  it("are not made for what must be known anew", async () => {
    const world = await worldWith();
    const octokit = await connect(world);
    const fleet = await fleetOf(world, { octokit });
    await world.emulator.trigger({ repository: "widgets", event: "push" });
    const [job] = await fleet.unfinishedJobs(["acme/widgets"]);
    for (let i = 0; i < 2; i++) expect(await fleet.job("acme/widgets", job!.id)).toEqual(job);
    expect(world.requests.slice(-2).map(({ status }) => status)).toEqual([200, 200]);
  });
});

it("uses real time where none is given", async () => {
  const world = await worldWith();
  const octokit = await connectGitHub({
    apiUrl: `${world.emulator.url}/`,
    credentials: { kind: "token", token: world.emulator.token },
    owner: "acme",
  });
  expect((await octokit.rest.repos.get(repo)).data.full_name).toBe("acme/widgets");
});
