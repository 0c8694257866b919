import { describe, expect, it } from "vitest";
import { connectAll } from "../../../src/lib/controller/connect.ts";
import { Registrations } from "../../../src/lib/github/budget.ts";
import { anotherApp, appOf, connect, fleetOf, mintRequest, type World, worldWith } from "./support.ts";

const secondary = { pointsPerMinute: 900, concurrent: 100 };

async function twoApps(world: World) {
  const registrations = new Registrations(world.time.now);
  const octokit = await connect(world, { registrations });
  const other = await connect(world, { registrations, credentials: await anotherApp(world) });
  return { octokit, others: [other] };
}

describe("several Apps that share a fleet", () => {
  it("mint with whichever has most budget left, and so more than one could", async () => {
    const world = await worldWith({ rateLimits: { secondary, registrationsPer5Minutes: 1_500 } });
    const fleet = await fleetOf(world, await twoApps(world));
    const began = world.time.ms;
    await Promise.all(Array.from({ length: 300 }, (_, i) => fleet.mintRunner(mintRequest(`r-${i}`))));
    expect(world.time.ms).toBe(began);
    const mints = world.requests.filter(({ path }) => path.endsWith("/generate-jitconfig"));
    const shares = [...Map.groupBy(mints, ({ authorization }) => authorization).values()].map((each) => each.length);
    expect(shares).toEqual([150, 150]);
    expect(world.requests.every(({ status }) => status < 400)).toBe(true);
    await expect(
      Promise.all(Array.from({ length: 50 }, (_, i) => fleet.mintRunner(mintRequest(`more-${i}`)))),
    ).rejects.toMatchObject({ isRateLimit: true, retryAfterSeconds: 60 });
  });

  it("keep within the organisation's registrations together", async () => {
    const world = await worldWith({ rateLimits: { registrationsPer5Minutes: 40 } });
    const registrations = new Registrations(world.time.now, 40);
    const octokit = await connect(world, { registrations });
    const others = [await connect(world, { registrations, credentials: await anotherApp(world) })];
    const fleet = await fleetOf(world, { octokit, others });
    const minted = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => fleet.mintRunner(mintRequest(`r-${i}`))),
    );
    expect(minted.filter(({ status }) => status === "fulfilled")).toHaveLength(40);
    expect(world.requests.every(({ status }) => status < 400)).toBe(true);
  });

  it("stand in for each other when GitHub has refused one", async () => {
    const world = await worldWith();
    const fleet = await fleetOf(world, await twoApps(world));
    let refusals = 0;
    world.answer = (request) => {
      if (!request.url.endsWith("/generate-jitconfig") || refusals++ > 0) return undefined;
      return Response.json({ message: "secondary rate limit" }, { status: 429, headers: { "retry-after": "90" } });
    };
    await expect(fleet.mintRunner(mintRequest("a"))).rejects.toMatchObject({ retryAfterSeconds: 90 });
    await Promise.all(["b", "c", "d"].map((name) => fleet.mintRunner(mintRequest(name))));
    const mints = world.requests.filter(({ path }) => path.endsWith("/generate-jitconfig"));
    expect(new Set(mints.slice(1).map(({ authorization }) => authorization)).size).toBe(1);
    expect(mints[1]!.authorization).not.toBe(mints[0]!.authorization);
  });

  it("read with the first as long as it has budget, so that what it remembers is of use", async () => {
    const world = await worldWith();
    const fleet = await fleetOf(world, await twoApps(world));
    const looks = async () => {
      for (let i = 0; i < 4; i++) await fleet.registrations();
      return world.requests.slice(-3).map(({ status }) => status);
    };
    expect(await looks()).toEqual([304, 304, 304]);
  });
});

describe("connectAll", () => {
  it("goes on without a further App that does not work, and tells of it", async () => {
    const world = await worldWith();
    const logged: unknown[] = [];
    const wrong = { ...appOf(world), appId: "1" };
    const settings = { githubApiUrl: world.emulator.url, credentials: [appOf(world), wrong] };
    const log = (event: string, fields: Record<string, unknown>) => logged.push({ event, ...fields });
    const connected = await connectAll(settings as Parameters<typeof connectAll>[0], "acme", log, world.time);
    expect(connected).toHaveLength(1);
    expect(logged).toEqual([
      { event: "error", message: expect.stringMatching(/no App with this id.*find the installation of App 1 at acme/) },
    ]);
  });

  it("says what to do when the only App is not installed there", async () => {
    const world = await worldWith();
    const settings = { githubApiUrl: world.emulator.url, credentials: [appOf(world)] };
    const connected = connectAll(
      settings as Parameters<typeof connectAll>[0],
      "elsewhere",
      () => undefined,
      world.time,
    );
    await expect(connected).rejects.toMatchObject({
      name: "Refused",
      message: expect.stringMatching(/could not find the installation of App \d+ at elsewhere: install the App there/),
    });
  });
});
