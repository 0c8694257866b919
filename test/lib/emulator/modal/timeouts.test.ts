// Whole seconds are the least that the SDK takes, so these run side by side.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Bench, isAlive, shell, startBench } from "./support.ts";

let v1: Bench;
let v2: Bench;
beforeAll(async () => {
  v1 = await startBench({ sandboxV2: false });
  v2 = await startBench({ sandboxV2: true });
});
afterAll(async () => {
  await v1[Symbol.asyncDispose]();
  await v2[Symbol.asyncDispose]();
});

describe.concurrent.each([{ backend: "V1" }, { backend: "V2" }])("$backend", ({ backend }) => {
  const bench = () => (backend === "V1" ? v1 : v2);

  test("a Sandbox ends at its timeout", async () => {
    const sandbox = await bench().create(["sleep", "60"], { timeoutMs: 1000 });
    expect(await sandbox.wait()).toBe(124);
  });

  test("exec kills the command and its children at its timeout, and the Sandbox runs on", async () => {
    const sandbox = await bench().create(undefined);
    const exec = await sandbox.exec(shell("setsid sleep 300 & echo $!; wait"), { timeoutMs: 1000 });
    const pid = Number((await exec.stdout.getReader().read()).value);
    expect(isAlive(pid)).toBe(true);
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 30_000 });
    expect(await sandbox.poll()).toBeNull();
  });

  test("a Sandbox that nobody uses ends at its idle timeout, its own process notwithstanding", async () => {
    const sandbox = await bench().create(shell("while :; do sleep 0.1; done"), { idleTimeoutMs: 1000 });
    const created = Date.now();
    const exec = await sandbox.exec(["sleep", "1"]);
    await exec.wait();
    await sandbox.wait();
    expect(Date.now() - created).toBeGreaterThanOrEqual(2000);
    const { appId } = bench().app;
    const { sandboxes } = await bench().client.cpClient.sandboxListV2({ appId, includeFinished: true });
    const info = sandboxes.find(({ id }) => id === sandbox.sandboxId);
    expect(info?.metadata?.result?.status).toBe(7);
  });
});
