// Credentials, retries and injected faults.
import { createChannel, createClient, Metadata, ServerError, Status, type TsProtoServiceDefinition } from "nice-grpc";
import { expect, test } from "vitest";
import { serviceDefinitions } from "../../../../src/lib/emulator/modal/definitions.ts";
import type { Intercept } from "../../../../src/lib/emulator/modal/gate.ts";
import { collect, connect, startBench } from "./support.ts";

/** Lets a test set what happens to calls after the emulator was started. */
function switchboard(): { intercept: Intercept; on: (next: Intercept) => void } {
  let current: Intercept = async () => "proceed";
  return {
    intercept: (call) => current(call),
    on(next) {
      current = next;
    },
  };
}

test("a wrong token pair is told so at once", async () => {
  await using bench = await startBench({ tokenId: "ak-right", tokenSecret: "as-right" });
  for (const wrong of [
    { tokenId: "ak-right", tokenSecret: "as-wrong" },
    { tokenId: "ak-wrong", tokenSecret: "as-right" },
  ]) {
    const client = connect({ ...bench.emulator, ...wrong });
    await expect(client.apps.fromName("bench")).rejects.toThrow(/UNAUTHENTICATED/);
  }
  const right = connect(bench.emulator);
  expect((await right.apps.fromName("bench")).appId).toBe(bench.app.appId);
});

test("every call wants credentials, and the command router a token of its own", async () => {
  await using bench = await startBench();
  const definitions = serviceDefinitions();
  const channel = createChannel(bench.emulator.url);
  const call = async (definition: TsProtoServiceDefinition, method: string, metadata: Record<string, string> = {}) => {
    const client = createClient(definition, channel) as Record<string, (request: object, options: object) => unknown>;
    return client[method]?.({}, { metadata: new Metadata(metadata) });
  };
  const pair = {
    "x-modal-token-id": bench.emulator.tokenId,
    "x-modal-token-secret": bench.emulator.tokenSecret,
  };
  await expect(call(definitions.controlPlane, "appList")).rejects.toThrow(/UNAUTHENTICATED/);
  await expect(call(definitions.controlPlane, "appList", pair)).resolves.toBeDefined();
  await expect(
    call(definitions.controlPlane, "appList", { ...pair, "x-modal-auth-token": "a.forged.token" }),
  ).rejects.toThrow(/UNAUTHENTICATED/);
  await expect(call(definitions.commandRouter, "taskExecPoll", pair)).rejects.toThrow(/UNAUTHENTICATED/);
  await expect(call(definitions.commandRouter, "taskExecPoll", { authorization: "Bearer x" })).rejects.toThrow(
    /UNAUTHENTICATED/,
  );
  channel.close();
});

test("what the emulator does not have says so", async () => {
  await using bench = await startBench();
  await expect(bench.client.queues.fromName("queue")).rejects.toThrow(/UNIMPLEMENTED.*does not have QueueGetOrCreate/);
});

test.each([{ gpu: undefined }, { gpu: "T4" }])(
  "a create whose reply is lost happens once, gpu $gpu",
  async ({ gpu }) => {
    const { intercept, on } = switchboard();
    await using bench = await startBench({ intercept });
    const attempts: string[] = [];
    on(async ({ method }) => {
      if (!method.startsWith("SandboxCreate")) return "proceed";
      attempts.push(method);
      return attempts.length === 1 ? "drop-reply" : "proceed";
    });
    const sandbox = await bench.create(["sleep", "60"], { name: "once", ...(gpu && { gpu }) });
    expect(attempts).toHaveLength(2);
    expect(bench.emulator.running().map(({ sandboxId }) => sandboxId)).toEqual([sandbox.sandboxId]);
  },
);

test("an injected error reaches the client; a transient one is retried by it", async () => {
  const { intercept, on } = switchboard();
  await using bench = await startBench({ intercept });
  on(async ({ method }) => {
    if (method === "SandboxCreateV2") throw new ServerError(Status.RESOURCE_EXHAUSTED, "no room");
    return "proceed";
  });
  await expect(bench.create(["true"])).rejects.toThrow(/RESOURCE_EXHAUSTED: no room/);
  expect(bench.emulator.running()).toEqual([]);

  let failures = 2;
  on(async ({ method }) => {
    if (method === "SandboxCreateV2" && failures-- > 0) throw new ServerError(Status.UNAVAILABLE, "try again");
    return "proceed";
  });
  expect(await (await bench.create(["true"])).wait()).toBe(0);
});

test("an interceptor sees requests and can hold calls back; streams can be cut", async () => {
  const { intercept, on } = switchboard();
  await using bench = await startBench({ intercept });
  const held = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<unknown>();
  let cut = true;
  on(async ({ method, request }) => {
    if (method === "SandboxListV2") {
      seen.resolve(request);
      await held.promise;
    }
    if (method === "SandboxStdioReadV2" && cut) {
      cut = false;
      return "drop-reply";
    }
    return "proceed";
  });
  const listed = collect(bench.client.sandboxes.list({ appId: bench.app.appId }));
  expect(await seen.promise).toMatchObject({ appId: bench.app.appId });
  held.resolve();
  expect(await listed).toEqual([]);

  const sandbox = await bench.create(["echo", "whole"]);
  expect(await sandbox.stdout.readText()).toBe("whole\n");
  expect(cut).toBe(false);
});
