import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { appHooks, hooksTo } from "../../../src/lib/github/hooks.ts";
import type { DeliveryAccess } from "../../../src/lib/operations/delivery-access.ts";
import {
  type DeliveryFilter,
  failureWords,
  findDeliveries,
  withDecisions,
} from "../../../src/lib/operations/list-deliveries.ts";
import { findByIds, redeliverAll } from "../../../src/lib/operations/redeliver.ts";
import { eventOf, octokitOf, webhookReceiver } from "../emulator/github/harness.ts";
import { connect, type World, worldWith } from "../github/support.ts";

/** An App whose webhooks are answered with what `answer` says at the time. */
async function start() {
  const answer = { status: 200, body: { reason: "spawn", detail: "so" } as unknown };
  const receiver = await webhookReceiver(() => answer);
  const world = await worldWith({ app: { webhookUrl: receiver.url } });
  const octokit = await connect(world);
  const access: DeliveryAccess = { hooks: appHooks([octokit]), octokit, owner: "acme", isApp: true };
  /** A job is queued; resolves with the delivery's id. */
  const push = async (status = 200) => {
    answer.status = status;
    const over = eventOf(world.emulator, ({ type }) => type === "delivery");
    await world.emulator.trigger({ repository: "widgets", event: "push" });
    const event = await over;
    return event.type === "delivery" ? String(event.delivery.id) : "";
  };
  return { answer, receiver, world, access, push, wait: waitOf(world, 600_000) };
}

function waitOf({ time }: World, waitMs: number) {
  // The webhooks themselves take real time.
  const sleep = async (ms: number) => {
    await delay(20);
    time.ms += ms;
  };
  return { waitMs, now: time.now, sleep };
}

const list = async (access: DeliveryAccess, filter: Partial<DeliveryFilter> = {}) =>
  (await findDeliveries(access, { since: 0, failedOnly: false, ...filter })).map(({ listed }) => listed);

it("lists what was sent, the newest first, with its repository's name, and what went wrong in words", async () => {
  const { access, push, world } = await start();
  const first = await push();
  world.time.pass(10);
  const second = await push(401);
  const listed = await list(access);
  expect(listed).toMatchObject([
    {
      ...{ id: second, event: "workflow_job", action: "queued", repository: "acme/widgets", statusCode: 401 },
      ...{ attempts: 1, isFailed: true, failure: expect.stringMatching(/^401: the webhook's secret/) },
    },
    { id: first, statusCode: 200, isFailed: false, failure: null, decision: null },
  ]);
  expect(world.requests.filter(({ path }) => path.startsWith("/installation/repositories"))).toHaveLength(1);
  expect(await list(access, { since: world.time.ms - 5000 })).toHaveLength(1);
  expect(await list(access, { events: ["ping"] })).toEqual([]);
  expect(await list(access, { repositories: ["widgets"] })).toHaveLength(2);
  expect(await list(access, { repositories: ["acme/gadgets"] })).toEqual([]);
});

it("shows ids where the names of repositories cannot be read", async () => {
  const { access, push, world } = await start();
  await push();
  world.answer = ({ url }) =>
    url.includes("/installation/repositories") ? Response.json({ message: "no" }, { status: 403 }) : undefined;
  expect((await list(access))[0]?.repository).toMatch(/^\d+$/);
});

it("takes a delivery for failed only when no attempt came through, whatever the last one says", async () => {
  const { access, answer, push, wait } = await start();
  const id = await push(500);
  const lost = await push(503);
  answer.status = 200;
  await redeliverAll(await findByIds(access, [id]), wait);
  expect(await list(access, { failedOnly: true })).toMatchObject([
    { id: lost, failure: "503: the controller, or Modal before it, failed" },
  ]);
  answer.status = 500;
  await redeliverAll(await findByIds(access, [id]), wait);
  expect(await list(access, { failedOnly: true })).toMatchObject([{ id: lost }]);
  const whole = await list(access);
  expect(whole.find(({ attempts }) => attempts === 3)).toMatchObject({ isFailed: false, statusCode: 200 });
});

it("reads the controller's reasons out of its answers, with a call for each", async () => {
  const { access, answer, push, world } = await start();
  await push();
  answer.body = "no JSON object";
  await push();
  const before = world.requests.length;
  const listed = await withDecisions(await findDeliveries(access, { since: 0, failedOnly: false }));
  expect(listed.map(({ decision }) => decision).sort()).toEqual([null, "spawn"].sort());
  expect(world.requests.slice(before).filter(({ path }) => /\/deliveries\/\d+$/.test(path))).toHaveLength(2);
});

it("sends deliveries once more and tells what came of each", async () => {
  const { access, answer, push, receiver, wait, world } = await start();
  const ids = [await push(500), await push(500)];
  answer.status = 200;
  const chosen = await findByIds(access, [...ids, ids[0]!]);
  const results = await redeliverAll(chosen, wait);
  expect(results).toMatchObject([
    { id: ids[0], event: "workflow_job", action: "queued", result: "delivered", statusCode: 200, failure: null },
    { id: ids[1], result: "delivered" },
  ]);
  expect(world.emulator.state().deliveries.map(({ id }) => String(id))).toContain(results[0]?.newId);
  expect(receiver.received).toHaveLength(4);

  answer.status = 401;
  expect(await redeliverAll(chosen, wait)).toMatchObject([
    { result: "failed", statusCode: 401, failure: expect.stringMatching(/secret/) },
    { result: "failed" },
  ]);
});

it("says pending of what is not over in time, and refused of what GitHub does not take", async () => {
  const { access, push, world } = await start();
  const ids = [await push(500), await push(500)];
  const chosen = await findByIds(access, ids);
  // GitHub takes the first, and nothing comes of it.
  world.answer = ({ method, url }) => {
    if (method !== "POST" || !url.endsWith("/attempts")) return undefined;
    return url.includes(ids[0]!)
      ? Response.json({}, { status: 202 })
      : Response.json({ message: "too old" }, { status: 422 });
  };
  expect(await redeliverAll(chosen, waitOf(world, 3000))).toMatchObject([
    { result: "pending", newId: null, statusCode: null },
    { result: "refused", failure: expect.stringMatching(/too old/) },
  ]);
});

it("sends nothing when one of the ids is not known", async () => {
  const { access, push, world } = await start();
  const id = await push(500);
  await expect(findByIds(access, [id, "99999999"])).rejects.toMatchObject({
    message: "There is no delivery 99999999.",
    code: "no-such-delivery",
  });
  await expect(findByIds(access, ["../../hook/config"])).rejects.toMatchObject({ code: "no-such-delivery" });
  expect(world.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/attempts"))).toEqual([]);
});

it("does the same for the webhooks of an organisation, with a token", async () => {
  const { receiver, world, answer, wait } = await start();
  const octokit = octokitOf(world.emulator);
  const add = (url: string) =>
    octokit.request("POST /orgs/{org}/hooks", { org: "acme", name: "web", config: { url }, events: ["workflow_job"] });
  const ping = eventOf(world.emulator, ({ type }) => type === "delivery");
  await add(receiver.url);
  await ping;
  const hooks = await hooksTo(receiver.url, octokit, ["/orgs/acme"]);
  const access: DeliveryAccess = { hooks, octokit, owner: "acme", isApp: false };
  answer.status = 500;
  await world.emulator.trigger({ repository: "widgets", event: "push" });
  await expect.poll(() => list(access, { failedOnly: true })).toHaveLength(1);
  const [failed] = await list(access, { failedOnly: true });
  expect(failed).toMatchObject({ event: "workflow_job", repository: "acme/widgets" });
  answer.status = 200;
  expect(await redeliverAll(await findByIds(access, [failed!.id]), wait)).toMatchObject([{ result: "delivered" }]);
});

it.each([
  ["timed out", 504, /^timed out/],
  ["failed to connect to host", 502, /^not reached/],
  ["Invalid HTTP Response: 404", 404, /^404: nothing/],
  ["Invalid HTTP Response: 413", 413, /^413: larger/],
  ["Invalid HTTP Response: 500", 500, /^500: the controller/],
  ["Invalid HTTP Response: 302", 302, /^302: refused/],
  ["something new", 0, /^something new$/],
])("calls %s %i by its words", (status, status_code, words) => {
  expect(failureWords({ status, status_code })).toMatch(words);
});
