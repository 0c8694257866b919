import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
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

it("goes by the tags alone with --modal-only", async () => {
  const world = await worldWith();
  await makeRunner(world, { job: 1, busy: true });
  await makeRunner(world, { job: 2 });
  const { left } = await destroy(world, { modalOnly: true });
  expect(left.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    expect.stringMatching(/^sandbox cpu-1-1-/),
    "app modal-gha-test",
  ]);
  expect((await everything(world)).runners).toHaveLength(2);
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
