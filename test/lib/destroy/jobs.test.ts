import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { deployNothing } from "../doctor/fleet.ts";
import { FakeRunner } from "../emulator/github/fake-runner.ts";
import { destroy, everything, hookUrl, look, makeFleet, makeRunner, tokenEnv, type World, worldWith } from "./world.ts";

/** A runner of the fleet on which a job runs, at GitHub as well. */
async function makeBusy(world: World, job: number) {
  const made = await makeRunner(world, { job, busy: true });
  await world.github.trigger({ repository: "widgets", event: "push" });
  const runner = await new FakeRunner(made.jitConfig).connect();
  return { ...made, runner, fakeJob: await runner.take() };
}

it("leaves a runner to which a job came after the look, and its App", async () => {
  const world = await worldWith();
  const { sandboxId, name } = await makeBusy(world, 1);
  await makeRunner(world, { job: 2 });
  const { removed, left } = await destroy(world);
  expect(removed.map(({ kind }) => kind)).toEqual(["sandbox"]);
  expect(left.map(({ kind }) => kind)).toEqual(["sandbox", "app"]);
  expect(left[0]).toMatchObject({ id: sandboxId, error: "job 1 of acme/widgets runs on it" });
  expect(await everything(world)).toMatchObject({ sandboxes: ["test 1-1"], runners: [name] });
});

it("believes GitHub's refusal over what its list and the tags say", async () => {
  const world = await worldWith({
    intercept: async (request, answer) => {
      const isOne = request.method === "DELETE" && /\/actions\/runners\/\d+$/.test(request.url);
      return isOne ? Response.json({ message: "Runner is still running a job" }, { status: 422 }) : answer();
    },
  });
  await makeRunner(world, { job: 1 });
  const { left } = await destroy(world);
  expect(left[0]).toMatchObject({ kind: "sandbox", error: "a job has just come to it" });
  expect(world.bench.emulator.running()).toHaveLength(1);
});

it("waits with --drain for jobs to end, after the controller was stopped and idle runners were ended", async () => {
  const world = await worldWith();
  await makeFleet(world);
  const { sandbox, fakeJob } = await makeBusy(world, 9);
  const atWait: unknown[] = [];
  const onWait = async () => {
    atWait.push(await everything(world));
    await fakeJob.complete();
    await sandbox.terminate();
  };
  const { left, busy } = await destroy(world, { mode: { kind: "drain", timeoutMs: 60_000 }, onWait });
  expect([left, busy]).toEqual([[], []]);
  expect(atWait).toHaveLength(1);
  expect(atWait[0]).toMatchObject({
    apps: expect.not.arrayContaining(["modal-gha-test.controller"]),
    sandboxes: ["test 9-1"],
    secrets: ["modal-gha-test"],
  });
  expect(await everything(world)).toMatchObject({ sandboxes: [], secrets: [], images: [], runners: [] });
});

it("begins nothing more when the time for --drain is up", async () => {
  const world = await worldWith();
  await makeFleet(world);
  const { name } = await makeBusy(world, 9);
  const { left, busy } = await destroy(world, { mode: { kind: "drain", timeoutMs: 300 } });
  expect(left).toEqual([]);
  expect(busy).toMatchObject([{ runner: name, job: 9, repository: "acme/widgets" }]);
  expect(await everything(world)).toMatchObject({
    sandboxes: ["test 9-1"],
    secrets: ["modal-gha-test"],
    runners: [name],
  });
});

it("kills runners with --force, and asks GitHub until their registrations are gone", async () => {
  const world = await worldWith();
  const { fakeJob } = await makeBusy(world, 1);
  world.intercept.modal = async ({ method }) => {
    // GitHub learns of it some time after.
    if (method === "SandboxTerminateV2") void delay(300).then(() => fakeJob.complete("failed"));
    return "proceed";
  };
  const { left, removed } = await destroy(world, { mode: { kind: "force" } });
  expect(left).toEqual([]);
  expect(removed.map(({ kind }) => kind)).toEqual(["sandbox", "app"]);
  expect(await everything(world)).toMatchObject({ sandboxes: [], runners: [] });
});

it("goes on draining when a service does not answer for a while, and waits for each Sandbox with one call", async () => {
  let hiccups = 0;
  const world = await worldWith({
    intercept: async (request, answer) => {
      const isList = new URL(request.url).pathname.endsWith("/actions/runners");
      return isList && hiccups-- > 0 ? Response.json({ message: "Bad Gateway" }, { status: 502 }) : answer();
    },
  });
  const jobs = [await makeBusy(world, 1), await makeBusy(world, 2)];
  const ids = jobs.map(({ sandboxId }) => sandboxId);
  const ended = new Map(ids.map((id) => [id, Promise.withResolvers<void>()]));
  const waits: string[] = [];
  world.intercept.modal = async ({ method, request }) => {
    if (method === "SandboxWaitV2") {
      const { sandboxId } = request as { sandboxId: string };
      // Held until it has ended, so that the SDK has no reason to ask again.
      waits.push(sandboxId);
      await ended.get(sandboxId)?.promise;
    }
    return "proceed";
  };
  const onWait = async () => {
    hiccups = 2;
    const next = jobs.shift();
    await next?.fakeJob.complete();
    await next?.sandbox.terminate();
    ended.get(next?.sandboxId ?? "")?.resolve();
  };
  const said: string[] = [];
  const { left, busy } = await destroy(world, {
    ...{ mode: { kind: "drain", timeoutMs: 600_000 }, onWait },
    warn: (text) => said.push(text),
  });
  expect([left, busy]).toEqual([[], []]);
  expect(said.filter((text) => /502|Bad Gateway/.test(text) && text.endsWith("Looking again in 15 s."))).toHaveLength(
    4,
  );
  expect(waits.sort()).toEqual(ids.sort());
});

it("takes every runner for busy with --modal-only, as tags do not tell which has a job", async () => {
  const world = await worldWith();
  await makeFleet(world);
  const before = await everything(world);
  const { left } = await destroy(world, { modalOnly: true });
  expect(left.filter(({ kind }) => kind === "sandbox")).toHaveLength(2);
  expect(left[0]?.error).toBe("it may have a job, as GitHub was not asked");
  const { sandboxes, secrets, images } = await everything(world);
  expect({ sandboxes, secrets, images }).toEqual({
    ...{ sandboxes: before.sandboxes, secrets: before.secrets, images: before.images },
  });
  expect((await destroy(world, { modalOnly: true, mode: { kind: "force" } })).left).toEqual([]);
  expect((await everything(world)).sandboxes).toEqual([]);
});

it("removes webhooks before the controller whose address tells which they are, and says when nothing tells any more", async () => {
  let isRefused = true;
  const world = await worldWith({
    intercept: async (request, answer) => {
      const isRemoval = request.method === "DELETE" && /\/hooks\/\d+$/.test(request.url);
      return isRefused && isRemoval ? Response.json({ message: "no" }, { status: 403 }) : answer();
    },
  });
  const { MODAL_GHA_WEBHOOK_URL: _url, ...env } = tokenEnv(world);
  const url = `${await deployNothing(world)}/webhook`;
  const wish = { org: "acme", name: "web", config: { url }, events: ["workflow_job"] };
  await world.octokit.request("POST /orgs/{org}/hooks", wish);
  expect((await destroy(world, { env })).left.map(({ kind }) => kind)).toEqual(["webhook", "controller"]);
  isRefused = false;
  const { removed, left, kept } = await destroy(world, { env });
  expect([removed.map(({ kind }) => kind), left]).toEqual([["webhook", "controller"], []]);
  expect(kept.filter(({ kind }) => kind === "webhook")).toEqual([]);
  expect((await look(world, { env })).kept).toContain(
    "webhook acme: with no controller and no webhookUrl stored, nothing tells which webhooks went to this fleet",
  );
});

it("removes with a token the webhooks to this controller, and no others", async () => {
  const world = await worldWith();
  const { octokit } = world;
  const add = (url: string) =>
    octokit.request("POST /orgs/{org}/hooks", { org: "acme", name: "web", config: { url }, events: ["workflow_job"] });
  await add(hookUrl);
  const others = [`${hookUrl}/`, hookUrl.replace("test", "test-2"), "https://example.com/webhook"];
  for (const url of others) await add(url);
  const { removed } = await destroy(world, { env: tokenEnv(world) });
  expect(removed.map(({ kind }) => kind)).toEqual(["webhook"]);
  const { data } = await octokit.request("GET /orgs/{org}/hooks", { org: "acme" });
  expect(data.map(({ config }) => config.url)).toEqual(others);
});

it("fails closed when a token cannot see any webhooks", async () => {
  const world = await worldWith({
    intercept: async (request, answer) =>
      request.url.includes("/hooks") ? Response.json({ message: "Not Found" }, { status: 404 }) : answer(),
  });
  await makeRunner(world, { job: 1 });
  await expect(destroy(world, { env: tokenEnv(world) })).rejects.toMatchObject({
    code: "not-listed",
    why: expect.stringMatching(/^webhooks: /),
  });
  expect((await look(world)).things).toHaveLength(2);
});
