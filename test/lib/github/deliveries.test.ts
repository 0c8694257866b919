import { describe, expect, it } from "vitest";
import { connectGitHub } from "../../../src/lib/github/client.ts";
import { webhookReceiver } from "../emulator/github/harness.ts";
import { anotherApp, connect, fleetOf, policyOf, type World, worldWith } from "./support.ts";

/** Resolves when so many more deliveries are over. */
function deliveries({ emulator }: World, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const stop = emulator.on((event) => {
      if (event.type !== "delivery" || --left > 0) return;
      stop();
      resolve();
    });
  });
}

/** An emulator whose webhooks are answered with what `status` says at the time. */
async function failing() {
  const answer = { status: 500 };
  const receiver = await webhookReceiver(() => ({ ...answer, body: {} }));
  const world = await worldWith({ app: { webhookUrl: receiver.url } });
  const push = async (count = 1) => {
    const over = deliveries(world, count);
    for (let i = 0; i < count; i++) await world.emulator.trigger({ repository: "widgets", event: "push" });
    await over;
  };
  const attempts = () => world.requests.filter(({ path }) => path.endsWith("/attempts")).length;
  return { answer, receiver, world, push, attempts };
}

describe("redeliverFailed of an App", () => {
  it("sends what failed once more, and not again once it has come", async () => {
    const { answer, world, push, receiver } = await failing();
    const fleet = await fleetOf(world);
    const since = world.time.ms - 1;
    await push();
    answer.status = 200;
    await push();
    const over = deliveries(world, 1);
    expect(await fleet.redeliverFailed(since)).toBe(1);
    await over;
    const [first, , again] = receiver.received.map(({ headers }) => headers["x-github-delivery"]);
    expect(again).toBe(first);
    world.time.pass(120);
    expect(await fleet.redeliverFailed(since)).toBe(0);
  });

  it("never asks for one twice within a minute, nor more than five times in all", async () => {
    const { world, push, attempts } = await failing();
    const fleet = await fleetOf(world);
    const since = world.time.ms - 1;
    await push();
    const counts: number[] = [];
    for (let i = 0; i < 7; i++) {
      const over = deliveries(world, 1);
      const count = await fleet.redeliverFailed(since);
      if (count > 0) await over;
      counts.push(count, await fleet.redeliverFailed(since));
      world.time.pass(60);
    }
    expect(counts).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    expect(attempts()).toBe(4);
  });

  it("leaves alone what is older, also when a later attempt is not", async () => {
    const { world, push } = await failing();
    const fleet = await fleetOf(world);
    await push();
    world.time.pass(60);
    const over = deliveries(world, 1);
    expect(await fleet.redeliverFailed(world.time.ms - 61_000)).toBe(1);
    await over;
    world.time.pass(90);
    expect(await fleet.redeliverFailed(world.time.ms - 100_000)).toBe(0);
  });

  it("asks for a few at a time, the oldest first, however many pages there are", async () => {
    const { world, push, attempts, receiver } = await failing();
    const fleet = await fleetOf(world);
    const since = world.time.ms - 1;
    await push(120);
    const before = receiver.received.length;
    const over = deliveries(world, 20);
    expect(await fleet.redeliverFailed(since)).toBe(20);
    await over;
    expect(attempts()).toBe(20);
    const lists = world.requests.filter(({ path }) => path.startsWith("/app/hook/deliveries?"));
    expect(lists).toHaveLength(2);
    const guids = (part: typeof receiver.received) => part.map(({ headers }) => headers["x-github-delivery"]).sort();
    const logged = world.emulator.state().deliveries.filter(({ redelivery }) => !redelivery);
    const oldest = logged.slice(-20).map(({ guid }) => guid);
    expect(guids(receiver.received.slice(before))).toEqual(oldest.sort());
    const more = deliveries(world, 20);
    expect(await fleet.redeliverFailed(since)).toBe(20);
    await more;
  });

  it("looks at every App's webhook, and minds none that has no webhook", async () => {
    const { world, push, receiver } = await failing();
    const octokit = await connect(world);
    const since = world.time.ms - 1;
    const ping = deliveries(world, 1);
    const other = await connect(world, { credentials: await anotherApp(world, receiver.url) });
    await ping;
    world.answer = (request) =>
      request.url.includes("/app/hook/deliveries?") && octokitIsFirst(request, world)
        ? Response.json({ message: "Not Found" }, { status: 404 })
        : undefined;
    const fleet = await fleetOf(world, { octokit, others: [other] });
    await push(1);
    await expect
      .poll(() => world.emulator.state().deliveries.filter(({ event }) => event === "workflow_job").length)
      .toBe(2);
    const over = deliveries(world, 1);
    expect(await fleet.redeliverFailed(since)).toBe(1);
    await over;
  });
});

/** Whether a request is signed by the emulator's own App. */
function octokitIsFirst(request: Request, { emulator }: World): boolean {
  const [, claims] = (request.headers.get("authorization") ?? "").split(".");
  return JSON.parse(Buffer.from(claims ?? "", "base64url").toString()).iss === String(emulator.app.id);
}

describe("redeliverFailed with a token", () => {
  const url = "https://fleet.example/webhook";

  /** The webhook endpoints of an organisation or repository, which the emulator does not have. */
  async function hooksAt(place: string) {
    const world = await worldWith();
    const { emulator } = world;
    const delivered_at = new Date(world.time.ms).toISOString();
    const failed = {
      id: 9_007_199_254_740_993n,
      guid: "g",
      redelivery: false,
      status: "failed",
      event: "workflow_job",
    };
    world.answer = (request) => {
      const path = new URL(request.url).pathname;
      if (path === `${place}/hooks`) {
        return Response.json([
          { id: 1, config: { url: "https://other.example/webhook" } },
          { id: 2, config: { url } },
        ]);
      }
      if (path === `${place}/hooks/2/deliveries`) {
        // Ids beyond the safe integers come as plain numbers.
        const text = JSON.stringify([{ ...failed, delivered_at }], (_, value) =>
          typeof value === "bigint" ? `${value}n` : value,
        );
        return new Response(text.replace(/"(\d+)n"/, "$1"), { headers: { "content-type": "application/json" } });
      }
      return path.endsWith("/attempts") ? Response.json({}, { status: 202 }) : undefined;
    };
    const octokit = await connectGitHub({
      ...{ apiUrl: emulator.url, credentials: { kind: "token", token: emulator.token }, owner: "acme", ...world.time },
    });
    return { world, octokit };
  }

  it.each([
    ["organization", "/orgs/acme"],
    ["repository", "/repos/acme/widgets"],
  ])("finds the %s's webhook by its address", async (scope, place) => {
    const { world, octokit } = await hooksAt(place);
    const policy = policyOf(`{ owner: acme, scope: ${scope} }`);
    const fleet = await fleetOf(world, { octokit, policy, isApp: false, webhookUrl: url });
    expect(await fleet.redeliverFailed(world.time.ms - 1)).toBe(1);
    expect(world.requests.at(-1)).toMatchObject({
      method: "POST",
      path: `${place}/hooks/2/deliveries/9007199254740993/attempts`,
    });
    const without = await fleetOf(world, { octokit, policy, isApp: false });
    expect(await without.redeliverFailed(world.time.ms - 1)).toBe(0);
  });

  it("finds none where it may not see webhooks", async () => {
    const { world, octokit } = await hooksAt("/orgs/acme");
    world.answer = () => Response.json({ message: "Not Found" }, { status: 404 });
    const fleet = await fleetOf(world, { octokit, isApp: false, webhookUrl: url });
    expect(await fleet.redeliverFailed(0)).toBe(0);
  });
});
