import { expect, it } from "vitest";
import { waitOutLimits } from "../../../src/lib/github/patience.ts";
import { connect, fleetOf, worldWith } from "./support.ts";

const limits = { pointsPerMinute: 20, concurrent: 100, registrationsPer5Minutes: 1_500 };

it("waits call by call while the calls of a minute are used up, and says so", async () => {
  const world = await worldWith({ rateLimits: { secondary: { pointsPerMinute: 20 } } });
  const octokit = await connect(world, { limits });
  const said: string[] = [];
  const { now, sleep } = world.time;
  waitOutLimits(octokit, { signal: new AbortController().signal, now, sleep, say: (text) => said.push(text) });
  for (let page = 0; page < 40; page++) await octokit.request("GET /orgs/acme/actions/runners", { page });
  expect(said).toEqual(Array.from({ length: 2 }, () => "Waiting 60 s, to keep within GitHub's rate limits."));
  expect(world.requests.filter(({ status }) => status >= 400)).toEqual([]);
});

it("waits as long as GitHub asks for that refuses a call, and asks again", async () => {
  const world = await worldWith();
  const octokit = await connect(world);
  const { now, sleep, slept } = world.time;
  waitOutLimits(octokit, { signal: new AbortController().signal, now, sleep, say: () => {} });
  let refusals = 2;
  world.answer = () =>
    refusals-- > 0
      ? Response.json(
          { message: "You have exceeded a secondary rate limit." },
          { status: 403, headers: { "retry-after": "70" } },
        )
      : undefined;
  const fleet = await fleetOf(world, { octokit });
  expect(await fleet.registrations()).toEqual([]);
  expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(140_000);
});

it("stops waiting at an interruption, and passes on what no waiting mends", async () => {
  const world = await worldWith({ rateLimits: { secondary: { pointsPerMinute: 20 } } });
  const octokit = await connect(world, { limits });
  const interruption = new AbortController();
  waitOutLimits(octokit, {
    ...{ signal: interruption.signal, now: world.time.now, sleep: async () => interruption.abort(new Error("Ctrl-C")) },
    say: () => {},
  });
  await expect(octokit.request("GET /orgs/nobody/actions/runners")).rejects.toMatchObject({ status: 404 });
  const calls = Array.from({ length: 50 }, (_, page) => octokit.request("GET /orgs/acme/actions/runners", { page }));
  await expect(Promise.all(calls)).rejects.toThrow("Ctrl-C");
  await Promise.allSettled(calls);
});
