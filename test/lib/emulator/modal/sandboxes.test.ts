import { existsSync } from "node:fs";
import { join } from "node:path";
import { AlreadyExistsError, NotFoundError } from "modal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, isAlive, shell, startBench } from "./support.ts";

describe.each([
  { backend: "V1", sandboxV2: false, id: /^sb-[0-9A-Za-z]{22}$/ },
  { backend: "V2", sandboxV2: true, id: /^sb-[0-9A-Z]{26}$/ },
])("a $backend Sandbox", ({ sandboxV2, id }) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench({ sandboxV2, terminationGraceMs: 300 });
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  test("streams its output while it runs, takes input, and ends with its exit code", async () => {
    const sandbox = await bench.create(shell('echo ready; read line; echo "got $line" >&2; exit 7'));
    expect(sandbox.sandboxId).toMatch(id);
    const reader = sandbox.stdout.getReader();
    expect((await reader.read()).value).toBe("ready\n");
    expect(await sandbox.poll()).toBeNull();
    await sandbox.stdin.writeText("a word\n");
    expect(await sandbox.wait()).toBe(7);
    expect(await sandbox.poll()).toBe(7);
    expect((await reader.read()).done).toBe(true);
    expect(await sandbox.stderr.readText()).toBe("got a word\n");
  });

  test("reads its whole input when that is closed", async () => {
    const sandbox = await bench.create(["cat"]);
    await sandbox.stdin.writeText("one ");
    await sandbox.stdin.writeText("two");
    await sandbox.stdin.close();
    expect(await sandbox.stdout.readText()).toBe("one two");
    expect(await sandbox.wait()).toBe(0);
  });

  test("gets SIGTERM when it is terminated, and counts as terminated whatever it exits with", async () => {
    const sandbox = await bench.create(shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done"));
    const reader = sandbox.stdout.getReader();
    await reader.read();
    expect(await sandbox.terminate({ wait: true })).toBe(137);
    expect((await reader.read()).value).toBe("bye\n");
  });

  test("gets SIGKILL when it ignores SIGTERM", async () => {
    const sandbox = await bench.create(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"));
    await sandbox.stdout.getReader().read();
    expect(await sandbox.terminate({ wait: true })).toBe(137);
    expect(await bench.emulator.processes()).toEqual([]);
  });

  test("takes what it left running with it, also what left its session", async () => {
    const sandbox = await bench.create(shell("setsid sleep 300 & echo $!; sleep 300 & echo $!; exit 0"));
    expect(await sandbox.wait()).toBe(0);
    const pids = (await sandbox.stdout.readText()).trim().split("\n").map(Number);
    expect(pids).toHaveLength(2);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test("has its name to itself while it runs", async () => {
    const first = await bench.create(["sleep", "60"], { name: "only-one" });
    await expect(bench.create(["sleep", "60"], { name: "only-one" })).rejects.toThrow(AlreadyExistsError);
    const found = await bench.client.sandboxes.fromName("bench", "only-one");
    expect(found.sandboxId).toBe(first.sandboxId);
    await first.terminate({ wait: true });
    await expect(bench.client.sandboxes.fromName("bench", "only-one")).rejects.toThrow(NotFoundError);
    const ended = await bench.client.sandboxes.fromName("bench", "only-one", { includeTerminated: true });
    expect(ended.sandboxId).toBe(first.sandboxId);
    const second = await bench.create(["true"], { name: "only-one" });
    expect(await second.wait()).toBe(0);
  });

  test("can take a name in another App", async () => {
    const other = await bench.client.apps.fromName("other", { createIfMissing: true });
    const here = await bench.create(["sleep", "60"], { name: "shared" });
    const there = await bench.client.sandboxes.create(other, bench.image, { command: ["true"], name: "shared" });
    expect(await there.wait()).toBe(0);
    await here.terminate({ wait: true });
  });

  test("has tags, which are replaced as a whole", async () => {
    const sandbox = await bench.create(["sleep", "60"], { tags: { a: "1", b: "2" } });
    expect(await sandbox.getTags()).toEqual({ a: "1", b: "2" });
    await sandbox.setTags({ c: "3" });
    expect(await sandbox.getTags()).toEqual({ c: "3" });
    expect(bench.emulator.running()).toContainEqual(
      expect.objectContaining({ sandboxId: sandbox.sandboxId, tags: { c: "3" }, pid: expect.any(Number) }),
    );
    await sandbox.terminate({ wait: true });
  });

  test("can be reached by its id alone", async () => {
    const created = await bench.create(shell("echo hello; read line"));
    const sandbox = await bench.client.sandboxes.fromId(created.sandboxId);
    expect((await sandbox.stdout.getReader().read()).value).toBe("hello\n");
    expect(await sandbox.tunnels()).toEqual({});
    expect(await sandbox.terminate({ wait: true })).toBe(137);
  });

  test("runs until it is ended when nothing names a command", async () => {
    const sandbox = await bench.create(undefined);
    expect(await sandbox.poll()).toBeNull();
    expect(await sandbox.terminate({ wait: true })).toBe(137);
  });

  test("ends with 127 and says so when its command does not exist", async () => {
    const sandbox = await bench.create(["no-such-program"]);
    expect(await sandbox.wait()).toBe(127);
    expect(await sandbox.stderr.readText()).toContain("no-such-program: not found");
  });

  test("loses its folder at its end", async () => {
    const sandbox = await bench.create(shell('pwd; echo "$HOME"; echo "$TMPDIR"; touch file; read line'));
    const reader = sandbox.stdout.getReader();
    const lines: string[] = [];
    while (lines.length < 3) lines.push(...((await reader.read()).value ?? "").split("\n").filter(Boolean));
    const folder = join(bench.directory, "sandboxes", sandbox.sandboxId);
    expect(lines).toEqual([folder, folder, join(folder, "tmp")]);
    await sandbox.terminate({ wait: true });
    await expect.poll(() => existsSync(folder)).toBe(false);
  });
});

test("the environment holds only what is meant for it", async () => {
  process.env["HOST_PASSWORD"] = "hunter2";
  await using bench = await startBench({ environment: { PATH: process.env["PATH"] ?? "", FROM_HOST: "yes" } });
  const sandbox = await bench.create(["env"], { env: { MINE: "1" } });
  const names = (await sandbox.stdout.readText())
    .trim()
    .split("\n")
    .map((line) => line.split("=")[0])
    .sort();
  expect(names).toEqual(
    [
      ...["FROM_HOST", "HOME", "MINE", "PATH", "TMPDIR"],
      ...["MODAL_ENVIRONMENT", "MODAL_EMULATOR", "MODAL_IMAGE_ID", "MODAL_IS_REMOTE", "MODAL_SANDBOX_ID"],
      "MODAL_TASK_ID",
    ].sort(),
  );
});

test("what the backends cannot do is refused", async () => {
  await using bench = await startBench();
  const { client, app, image } = bench;
  await expect(bench.create(["true"], { timeoutMs: 25 * 3600 * 1000 })).rejects.toThrow(/at most 86400 seconds/);
  await expect(bench.create(["true"], { gpu: "T4", runtime: "vm" })).rejects.toThrow(/not supported by VM/);
  const elsewhere = await client.images.fromRegistry("debian:12").build(app);
  await client.images.delete(elsewhere.imageId);
  await expect(client.sandboxes.create(app, elsewhere, { command: ["true"] })).rejects.toThrow(/NOT_FOUND/);
  expect(image.imageId).not.toBe("");
});
