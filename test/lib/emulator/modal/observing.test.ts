// Logs and lists.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, collect, connect, shell, startBench } from "./support.ts";

let bench: Bench;
const ids: string[] = [];
let ended: string;

beforeAll(async () => {
  bench = await startBench({ pageSize: 2 });
  for (let index = 0; index < 5; index++) {
    const sandbox = await bench.create(["sleep", "60"], {
      tags: { number: String(index), kind: index < 3 ? "low" : "high" },
      // Every other one on the V1 backend.
      ...(index % 2 === 1 && { gpu: "h100:2" }),
      cpu: 2,
      memoryMiB: 512,
    });
    ids.push(sandbox.sandboxId);
  }
  const short = await bench.create(["true"], { name: "short" });
  await short.wait();
  ended = short.sandboxId;
});
afterAll(() => bench[Symbol.asyncDispose]());

async function list(params?: Parameters<Bench["client"]["sandboxes"]["list"]>[0]): Promise<string[]> {
  return (await collect(bench.client.sandboxes.list(params))).map(({ sandboxId }) => sandboxId);
}

test("all running Sandboxes of both backends are listed, newest first, over several pages", async () => {
  expect(await list()).toEqual(ids.toReversed());
  expect(await list({ appId: bench.app.appId })).toEqual(ids.toReversed());
});

test("tags filter: all of them must match", async () => {
  expect(await list({ tags: { kind: "low" } })).toEqual(ids.slice(0, 3).toReversed());
  expect(await list({ tags: { kind: "low", number: "1" } })).toEqual([ids[1]]);
  expect(await list({ tags: { kind: "high", number: "1" } })).toEqual([]);
});

test("the V1 list holds V1 Sandboxes only", async () => {
  const client = connect(bench.emulator, { sandboxV2: false });
  const found = await collect(client.sandboxes.list({ appId: bench.app.appId }));
  expect(found.map(({ sandboxId }) => sandboxId)).toEqual([ids[3], ids[1]]);
});

test("a list tells names, tags, resources and how an ended one ended", async () => {
  const { appId } = bench.app;
  const page = await bench.client.cpClient.sandboxListV2({ appId, includeFinished: true });
  expect(page.sandboxes.map(({ id }) => id)).toEqual([ended, ids[4]]);
  expect(page.sandboxes[0]).toMatchObject({
    name: "short",
    taskInfo: { result: { status: 1, exitcode: 0 } },
    resourceInfo: { milliCpu: { value: 125, isDefault: true }, memoryMb: { value: 128, isDefault: true } },
  });
  expect(page.sandboxes[0]?.taskInfo?.finishedAt).toBeGreaterThan(page.sandboxes[0]?.taskInfo?.startedAt ?? 0);

  const tags = [{ tagName: "number", tagValue: "1" }];
  const [gpu] = (await bench.client.cpClient.sandboxListV2({ appId, tags })).sandboxes;
  expect(gpu).toMatchObject({
    timeoutSecs: 300,
    tags: expect.arrayContaining([{ tagName: "kind", tagValue: "low" }]),
    resourceInfo: { milliCpu: { value: 2000 }, memoryMb: { value: 512 }, gpuType: "H100:2" },
    taskInfo: { gpuType: "H100", gpuConfig: { count: 2 }, finishedAt: 0 },
  });
});

test("an unknown Environment has no list", async () => {
  await expect(list({ environment: "elsewhere" })).rejects.toThrow(/Environment 'elsewhere' not found/);
});

describe.each([{ sandboxV2: false }, { sandboxV2: true }])(
  "persisted logs with sandboxV2 $sandboxV2",
  ({ sandboxV2 }) => {
    test("are there after the Sandbox has ended, a line per entry", async () => {
      await using bench = await startBench({ sandboxV2 });
      const before = new Date();
      const sandbox = await bench.create(shell("echo one; echo two; echo oops >&2; printf end; exit 1"));
      const other = await bench.create(["echo", "other"]);
      await Promise.all([sandbox.wait(), other.wait()]);

      const tail = await collect(sandbox.logs.tail());
      const of = (source: string) => tail.filter((entry) => entry.source === source).map(({ message }) => message);
      expect(of("stdout")).toEqual(["one\n", "two\n", "end"]);
      expect(of("stderr")).toEqual(["oops\n"]);
      expect(tail[0]?.timestamp.getTime()).toBeGreaterThanOrEqual(before.getTime() - 1);

      expect(
        (await collect(sandbox.logs.tail({ entries: 1, source: "stdout" }))).map(({ message }) => message),
      ).toEqual(["end"]);
      const fetched = await collect(sandbox.logs.fetch({ since: new Date(before.getTime() - 60_000) }));
      expect(fetched.map(({ message }) => message)).toEqual(tail.map(({ message }) => message));
      const found = await collect(sandbox.logs.fetch({ since: new Date(Date.now() - 60_000), searchText: "tw" }));
      expect(found.map(({ message }) => message)).toEqual(["two\n"]);
      expect(await collect(sandbox.logs.fetch({ since: new Date(Date.now() + 60_000) }))).toEqual([]);
    });

    test("a character split between two writes comes out whole, and a prompt without a line feed shows", async () => {
      await using bench = await startBench({ sandboxV2 });
      const sandbox = await bench.create(shell("printf '\\342\\230'; sleep 0.05; printf '\\203> '; read line"));
      let text = "";
      for (const reader = sandbox.stdout.getReader(); !text.endsWith("> "); ) text += (await reader.read()).value;
      expect(text).toBe("☃> ");
      await sandbox.terminate();
    });
  },
);

test("live output of a V2 Sandbox can be read again from the start by anybody, also after its end", async () => {
  await using bench = await startBench();
  const sandbox = await bench.create(shell("echo one; echo two"));
  expect(await sandbox.stdout.readText()).toBe("one\ntwo\n");
  await sandbox.wait();
  const again = await bench.client.sandboxes.fromId(sandbox.sandboxId);
  expect(await again.stdout.readText()).toBe("one\ntwo\n");
});

test("of very much output the newest is kept, and the SDK told what is missing", async () => {
  await using bench = await startBench();
  // 21 bytes a line, 42 MB in all.
  const sandbox = await bench.create(shell("yes 'a line of twenty-one' | head -n 2000000; echo the last line"));
  expect(await sandbox.wait()).toBe(0);
  const text = await sandbox.stdout.readText();
  expect(text.endsWith("the last line\n")).toBe(true);
  expect(text.length).toBeGreaterThanOrEqual(16 * 1024 * 1024);
  expect(text.length).toBeLessThan(21 * 1024 * 1024);
  const tail = await collect(sandbox.logs.tail({ entries: 2 }));
  expect(tail.map(({ message }) => message)).toEqual(["a line of twenty-one\n", "the last line\n"]);
});
