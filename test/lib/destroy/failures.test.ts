import { ServerError, Status } from "nice-grpc";
import { expect, it } from "vitest";
import { AbortError } from "../../../src/lib/cli/errors.ts";
import { destroy, everything, look, makeFleet, makeRunner, register, worldWith } from "./world.ts";

/** Calls that change something. */
const removals = ["AppStop", "SandboxTerminateV2", "SecretDelete", "ImageNameDelete"] as const;
const lists = ["SandboxListV2", "AppGetTags", "AppGetLayout", "SecretGetOrCreate", "ImageListTags", "AppList"];

it.each(lists)("removes nothing when Modal does not answer %s", async (method) => {
  const world = await worldWith();
  await makeFleet(world);
  const before = await everything(world);
  const called: string[] = [];
  world.intercept.modal = async (call) => {
    called.push(call.method);
    if (call.method === method) throw new ServerError(Status.PERMISSION_DENIED, "not for you");
    return "proceed";
  };
  const error = await destroy(world).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AbortError);
  expect((error as AbortError).message).toMatch(/could be listed, so nothing was removed/);
  expect((error as AbortError).nextSteps.join()).not.toMatch(/--modal-only/);
  expect(called.filter((each) => (removals as readonly string[]).includes(each))).toEqual([]);
  world.intercept.modal = async () => "proceed";
  expect(await everything(world)).toEqual(before);
});

it("removes nothing when GitHub does not tell its runners, and says how to go on without", async () => {
  let isDown = false;
  const world = await worldWith({
    intercept: async (request, answer) => {
      const isList = new URL(request.url).pathname.endsWith("/actions/runners");
      return isDown && isList ? new Response("{}", { status: 503 }) : answer();
    },
  });
  await makeFleet(world);
  const before = await everything(world);
  isDown = true;
  const error = (await destroy(world).catch((reason: unknown) => reason)) as AbortError;
  expect(error).toMatchObject({ code: "not-listed", why: expect.stringMatching(/^runners: /) });
  expect(error.nextSteps.join("\n")).toMatch(/destroy --modal-only/);
  isDown = false;
  expect(await everything(world)).toEqual(before);

  const { left } = await destroy(world, { modalOnly: true, mode: { kind: "force" } });
  expect(left).toEqual([]);
  const after = await everything(world);
  expect(after).toMatchObject({ sandboxes: [], secrets: [], images: [] });
  expect(after.runners).toEqual(before.runners);
  // What --modal-only left is told from what ended Sandboxes remember.
  expect((await destroy(world)).removed.map(({ kind }) => kind)).toEqual([
    "registration",
    "registration",
    "registration",
  ]);
  expect((await everything(world)).runners).toEqual([]);
});

it.each([
  ["credentials that are refused", { MODAL_GHA_APP_ID: "424242" }, /nothing was removed/],
  ["no credentials", { MODAL_GHA_APP_ID: "" }, /nothing was removed/],
])("with %s removes nothing", async (_what, change, message) => {
  const world = await worldWith();
  await makeFleet(world);
  const before = await everything(world);
  const error = (await destroy(world, { env: { ...world.env, ...change } }).catch((r: unknown) => r)) as AbortError;
  expect(error.message).toMatch(message);
  expect(error.exitCode).not.toBe(0);
  expect(error.nextSteps.join("\n")).toMatch(/--modal-only/);
  expect(await everything(world)).toEqual(before);
});

it.each(removals)("when %s fails tells what is left, and completes when it is run again", async (method) => {
  const world = await worldWith();
  await makeFleet(world);
  const wanted = (await look(world)).things;
  let failures = 0;
  world.intercept.modal = async (call) => {
    if (call.method !== method) return "proceed";
    failures++;
    throw new ServerError(Status.FAILED_PRECONDITION, "not now");
  };
  const { removed, left } = await destroy(world);
  expect(failures).toBeGreaterThan(0);
  expect(left.length).toBeGreaterThan(0);
  // A controller that could not be stopped would start runners anew; all else is tried.
  expect(removed.length > 0).toBe(method !== "AppStop");
  expect([...removed, ...left].map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(wanted.sort());

  world.intercept.modal = async () => "proceed";
  expect((await destroy(world)).left).toEqual([]);
  expect((await look(world)).things).toEqual([]);
  expect(await everything(world)).toMatchObject({ sandboxes: [], secrets: [], images: [], runners: [] });
});

it("completes after an interruption at any of its steps", async () => {
  const world = await worldWith();
  await makeFleet(world);
  const interruption = new AbortController();
  let stops = 0;
  world.intercept.modal = async (call) => {
    if (!(removals as readonly string[]).includes(call.method)) return "proceed";
    stops++;
    interruption.abort(new Error("Ctrl-C"));
    return "proceed";
  };
  await expect(destroy(world, { signal: interruption.signal })).rejects.toThrow("Ctrl-C");
  expect(stops).toBe(1);
  for (let runs = 0; (await look(world)).things.length > 0; runs++) {
    expect(runs).toBeLessThan(20);
    const again = new AbortController();
    world.intercept.modal = async (call) => {
      if ((removals as readonly string[]).includes(call.method)) again.abort(new Error("Ctrl-C"));
      return "proceed";
    };
    await destroy(world, { signal: again.signal }).catch((error: Error) => expect(error.message).toBe("Ctrl-C"));
    world.intercept.modal = async () => "proceed";
  }
  expect(await everything(world)).toMatchObject({ sandboxes: [], secrets: [], images: [], runners: [] });
});

it("keeps everything that runners need while one of them could not be removed", async () => {
  let isRefused = true;
  const world = await worldWith({
    intercept: async (request, answer) => {
      const isRemoval = request.method === "DELETE" && /\/actions\/runners\/\d+$/.test(request.url);
      return isRefused && isRemoval ? Response.json({ message: "no" }, { status: 403 }) : answer();
    },
  });
  await makeFleet(world);
  const { left } = await destroy(world, { uninstallApp: true });
  expect(left.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["app", "installation", "registration", "sandbox", "secret", "image"]),
  );
  const { secrets, images } = await everything(world);
  expect([secrets, images.length]).toEqual([["modal-gha-test"], 3]);
  // Deregistered first: what could not be is not ended either.
  expect(world.bench.emulator.running()).toHaveLength(2);
  isRefused = false;
  expect((await destroy(world, { uninstallApp: true })).left).toEqual([]);
  expect(world.github.app.installationId).toBe(0);
  const { things, remedies } = await look(world, { uninstallApp: true });
  expect(things).toEqual([]);
  expect(remedies.at(-1)).toMatch(/\/organizations\/acme\/settings\/apps\/acme-runners\/advanced$/);
});

it("removes no runner of an account that the App is not installed on, and so nothing", async () => {
  const world = await worldWith();
  await makeFleet(world);
  const before = await everything(world);
  const app = await import("../emulator/github/harness.ts").then(({ appOctokitOf }) => appOctokitOf(world.github));
  await app.request("DELETE /app/installations/{installation_id}", {
    installation_id: world.github.app.installationId,
  });
  const error = (await destroy(world).catch((reason: unknown) => reason)) as AbortError;
  expect(error.why).toMatch(/The App is not installed on acme/);
  expect(await everything(world)).toEqual(before);
});

it("finds what turns up after the first look", async () => {
  const world = await worldWith();
  await makeRunner(world, { job: 1 });
  let isMade = false;
  world.intercept.modal = async (call) => {
    if (call.method === "SandboxTerminateV2" && !isMade) {
      isMade = true;
      await makeRunner(world, { job: 2 });
    }
    return "proceed";
  };
  const { removed } = await destroy(world);
  expect(removed.map(({ kind }) => kind)).toEqual(["sandbox", "sandbox", "app"]);
  expect(await register(world, "one-more")).toBeDefined();
  expect((await everything(world)).runners).toEqual(["one-more"]);
});

it("waits for GitHub's rate limits rather than give up halfway, and says so", async () => {
  let refusals = 0;
  const world = await worldWith({
    intercept: async (request, answer) => {
      if (refusals === 0 || !request.url.includes("/actions/runners")) return answer();
      refusals--;
      const message = "You have exceeded a secondary rate limit.";
      return Response.json({ message }, { status: 403, headers: { "retry-after": "9" } });
    },
  });
  await makeFleet(world);
  refusals = 2;
  const said: string[] = [];
  let time = Date.now();
  const slept: number[] = [];
  const sleep = async (ms: number) => {
    slept.push(ms);
    time += ms;
  };
  const { left } = await destroy(world, { now: () => time, sleep, warn: (text) => said.push(text) });
  expect(left).toEqual([]);
  expect(slept.slice(0, 2)).toEqual([9000, 9000]);
  expect(said[0]).toBe("Waiting 9 s, to keep within GitHub's rate limits.");
  expect(await everything(world)).toMatchObject({ sandboxes: [], secrets: [], images: [], runners: [] });
});

it("asks GitHub for the runners no more often than it takes", async () => {
  let lists = 0;
  const world = await worldWith({
    intercept: async (request, answer) => {
      if (new URL(request.url).pathname.endsWith("/actions/runners")) lists++;
      return answer();
    },
  });
  await makeFleet(world);
  lists = 0;
  await destroy(world);
  // What there is at first, what the stopped controller left, and that nothing is left.
  expect(lists).toBe(3);
});
