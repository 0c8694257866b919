import { describe, expect, it } from "vitest";
import type { GitHubEmulatorOptions } from "../../../../src/lib/emulator/github/options.ts";
import { setHook } from "../../../../src/lib/github/setup/app.ts";
import { judge } from "../../../../src/lib/github/setup/hook-verdict.ts";
import { ensureRepositoryHook } from "../../../../src/lib/github/setup/place-hooks.ts";
import { signedPing } from "../../../../src/lib/github/setup/signed-ping.ts";
import { pingHook, verifyHook } from "../../../../src/lib/github/setup/verify-hook.ts";
import { buildWorkflow, emulatorWith, eventOf, octokitOf, webhookReceiver } from "../../emulator/github/harness.ts";
import { anotherApp, type World, worldWith } from "../support.ts";
import { accessOf, controllerWith, freePort, untilDelivered } from "./support.ts";

const never = async () => undefined;

/** An App made from a manifest, so that GitHub has sent a ping to the controller. */
async function pinged(hookUrl: string, options: Partial<GitHubEmulatorOptions> = {}) {
  const world: World = await worldWith(options);
  const { emulator } = world;
  const first = eventOf(emulator, ({ type }) => type === "delivery");
  const app = await anotherApp(world, hookUrl);
  await first;
  if (app.kind !== "app") throw new Error("unreachable");
  const access = { apiUrl: emulator.url, appId: app.appId, privateKey: app.privateKey };
  await settled(world, 2);
  return { world, emulator, access, secret: app.secret, sleep: untilDelivered(emulator) };
}

/** Waits for so many deliveries in all: the ping, and the news of the installation. */
async function settled({ emulator }: World, count: number): Promise<void> {
  while (emulator.state().deliveries.length < count) await eventOf(emulator, ({ type }) => type === "delivery");
}

describe("the verification of an App's webhook", () => {
  it("has GitHub send its ping once more, and tells whether the controller took the signature", async () => {
    const controller = await controllerWith([]);
    const { access, secret, sleep, emulator } = await pinged(controller.url);
    const bad = await verifyHook(access, { sleep });
    expect(bad).toMatchObject({
      verdict: "bad-signature",
      statusCode: 401,
      deliveryId: expect.stringMatching(/^\d+$/),
    });
    controller.secrets.push(secret);
    const ok = await verifyHook(access, { sleep });
    expect(ok).toMatchObject({ verdict: "ok", statusCode: 200 });
    const [latest, before] = emulator.state().deliveries;
    expect(latest).toMatchObject({ id: Number(ok.deliveryId), event: "ping", redelivery: true });
    expect(before).toMatchObject({ id: Number(bad.deliveryId), event: "ping" });
    await setHook(access, { url: controller.url, secret: "another" });
    expect(await verifyHook(access, { sleep })).toMatchObject({ verdict: "bad-signature" });
  });

  it("takes what has lately succeeded for proof, and sends nothing then", async () => {
    const controller = await controllerWith([]);
    const { access, secret, sleep, emulator, world } = await pinged(controller.url);
    controller.secrets.push(secret);
    expect(await verifyHook(access, { sleep, since: world.time.ms - 1 })).toMatchObject({ verdict: "ok" });
    const count = emulator.state().deliveries.length;
    expect(count).toBe(3);
    const again = await verifyHook(access, { sleep, since: world.time.ms - 1 });
    expect([again.verdict, emulator.state().deliveries.length]).toEqual(["ok", count]);
  });

  it.each([
    [503, { reason: "not-configured" }, "not-configured"],
    [404, {}, "other"],
    [502, {}, "other"],
    [302, {}, "other"],
    [200, {}, "other"],
  ])("says of the answer %i %j: %s %s", async (status, body, verdict) => {
    const receiver = await webhookReceiver(() => ({ status, body }));
    const { access, sleep } = await pinged(receiver.url);
    expect(await verifyHook(access, { sleep })).toMatchObject({ verdict, statusCode: status });
  });

  it("gives a controller that does not answer a second chance", async () => {
    const { access, sleep, emulator } = await pinged("http://127.0.0.1:1/webhook");
    const verdict = await verifyHook(access, { sleep });
    expect(verdict).toMatchObject({ verdict: "unreachable", detail: expect.stringContaining("failed to connect") });
    expect(emulator.state().deliveries.filter(({ redelivery }) => redelivery)).toHaveLength(2);
  });

  it("makes do with news of a job, after anything else, when there is no ping that can be sent again", async () => {
    const controller = await controllerWith([]);
    const { access, secret, sleep, world, emulator } = await pinged(controller.url);
    controller.secrets.push(secret);
    world.answer = ({ method, url }) => {
      const ping = emulator.state().deliveries.find(({ event }) => event === "ping");
      const isPing = method === "POST" && url.includes(`/deliveries/${ping?.id}/`);
      return isPing ? Response.json({ message: "too old" }, { status: 422 }) : undefined;
    };
    expect(await verifyHook(access, { sleep })).toMatchObject({ verdict: "ok", statusCode: 204 });
    expect(emulator.state().deliveries[0]).toMatchObject({ event: "installation", redelivery: true });

    world.time.pass(4 * 24 * 3600);
    const sent = eventOf(emulator, ({ type }) => type === "delivery");
    await emulator.trigger({ repository: "widgets", event: "push" });
    await sent;
    expect((await verifyHook(access, { sleep })).verdict).toBe("ok");
    expect(emulator.state().deliveries[0]).toMatchObject({ event: "workflow_job", redelivery: true });
  });

  it("says so when GitHub has sent nothing lately, or does not send it again", async () => {
    const github = await emulatorWith(buildWorkflow);
    expect(await verifyHook(accessOf(github), { sleep: never })).toMatchObject({ verdict: "no-delivery" });
    let isLosing = false;
    const controller = await controllerWith([]);
    const deliver: GitHubEmulatorOptions["deliver"] = async (_, send) => (isLosing ? undefined : send());
    const { access } = await pinged(controller.url, { deliver });
    isLosing = true;
    const slept: number[] = [];
    const verdict = await verifyHook(access, { sleep: async (ms) => void slept.push(ms), timeoutMs: 20_000 });
    expect(verdict).toMatchObject({ verdict: "no-delivery", detail: expect.stringContaining("within 20 s") });
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(20_000);
  });

  it("says whose key is wrong", async () => {
    const github = await emulatorWith(buildWorkflow);
    await expect(verifyHook({ ...accessOf(github), appId: 1 })).rejects.toMatchObject({ code: "app-not-found" });
  });
});

describe("the ping of a repository's webhook", () => {
  it("tells whether the controller took the signature", async () => {
    const controller = await controllerWith(["hush"]);
    const github = await emulatorWith(buildWorkflow);
    const sleep = untilDelivered(github);
    const octokit = octokitOf(github);
    const common = { octokit, place: "acme/widgets", url: controller.url };
    const hook = await ensureRepositoryHook({ ...common, secret: "hush" });
    await sleep();
    expect(await pingHook(hook, { sleep })).toMatchObject({
      verdict: "ok",
      deliveryId: expect.stringMatching(/^\d+$/),
    });
    await ensureRepositoryHook({ ...common, secret: "wrong" });
    expect(await pingHook(hook, { sleep })).toMatchObject({ verdict: "bad-signature" });
  });
});

it("a ping that GitHub has not sent yet is not mixed up with the one before", async () => {
  let isLosing = false;
  const controller = await controllerWith(["hush"]);
  const deliver: GitHubEmulatorOptions["deliver"] = async (_, send) => (isLosing ? undefined : send());
  const github = await emulatorWith(buildWorkflow, { deliver });
  const sleep = untilDelivered(github);
  const octokit = octokitOf(github);
  const hook = await ensureRepositoryHook({ octokit, place: "acme/widgets", url: controller.url, secret: "hush" });
  await sleep();
  isLosing = true;
  expect(await pingHook(hook, { sleep: never, timeoutMs: 5_000 })).toMatchObject({ verdict: "no-delivery" });
});

describe("a ping that we sign ourselves", () => {
  it("is taken by the controller with the same secret, and by no other", async () => {
    const controller = await controllerWith(["hush"]);
    expect(await signedPing(controller.url, "hush")).toMatchObject({ verdict: "ok", statusCode: 200 });
    expect(await signedPing(controller.url, "wrong")).toMatchObject({ verdict: "bad-signature" });
    expect(await signedPing(controller.url.replace("/webhook", "/"), "hush")).toMatchObject({ verdict: "other" });
    const receiver = await webhookReceiver();
    expect(await signedPing(receiver.url, "hush")).toMatchObject({ verdict: "other", detail: /is the address right/ });
    const nobody = await signedPing(`http://127.0.0.1:${await freePort()}/webhook`, "hush");
    expect(nobody).toMatchObject({ verdict: "unreachable", detail: expect.stringContaining("ECONNREFUSED") });
    expect(nobody).not.toHaveProperty("deliveryId");
    const aborted = signedPing(controller.url, "hush", { signal: AbortSignal.abort(new Error("enough")) });
    await expect(aborted).rejects.toThrow("enough");
  });
});

it.each([
  [200, "OK", "ok"],
  [204, "OK", "ok"],
  [401, "Invalid HTTP Response: 401", "bad-signature"],
  [503, "Invalid HTTP Response: 503", "not-configured"],
  [504, "timed out", "unreachable"],
  [502, "failed to connect to host", "unreachable"],
  [0, "", "unreachable"],
  [504, "Invalid HTTP Response: 504", "other"],
])("%i %j is judged as %s", (statusCode, status, verdict) => {
  expect(judge(statusCode, status).verdict).toBe(verdict);
});
