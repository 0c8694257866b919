// How an emulator ends, by itself and by force, and what is left of it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { startModalEmulator } from "../../../../src/lib/emulator/modal/server.ts";
import { markerVariable, startReaper } from "../../../../src/lib/emulator/modal/start-reaper.ts";
import { connect, isAlive, shell, startBench } from "./support.ts";

const stubborn = shell("trap '' TERM; setsid sleep 300 & sleep 300 & echo ready; wait");

test("close ends everything at once, and can be called twice", async () => {
  const bench = await startBench();
  const sandbox = await bench.create(stubborn);
  await sandbox.stdout.getReader().read();
  await sandbox.exec(["sleep", "300"]);
  const pids = await bench.emulator.processes();
  expect(pids).toHaveLength(4);
  await Promise.all([bench.emulator.close(), bench.emulator.close()]);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(await bench.emulator.processes()).toEqual([]);
  await bench[Symbol.asyncDispose]();
});

test("close hastens what is being terminated, and waits for what is being created", async () => {
  const bench = await startBench({ terminationGraceMs: 60_000 });
  const terminated = await bench.create(stubborn);
  await terminated.stdout.getReader().read();
  await terminated.terminate();
  const created = bench.create(stubborn).catch(() => undefined);
  await bench[Symbol.asyncDispose]();
  await created;
  expect(await bench.emulator.processes()).toEqual([]);
});

test("an emulator closes its own reaper, and leaves one that it was given", async () => {
  const reaper = await startReaper("closingtest");
  await using given = await startBench({ reaper });
  await given.emulator.close();
  expect(isAlive(reaper.pid)).toBe(true);
  await reaper.close();

  const own = await startModalEmulator({ directory: given.directory });
  const client = connect(own);
  const app = await client.apps.fromName("app", { createIfMissing: true });
  const sandbox = await client.sandboxes.create(app, client.images.fromRegistry("debian:12"), { command: stubborn });
  await sandbox.stdout.getReader().read();
  const pids = await own.processes();
  await own.close();
  expect(pids.filter(isAlive)).toEqual([]);
});

test("its environment is all that another program needs", async () => {
  await using bench = await startBench();
  expect(bench.emulator.environment()).toEqual({
    MODAL_SERVER_URL: bench.emulator.url,
    MODAL_TOKEN_ID: bench.emulator.tokenId,
    MODAL_TOKEN_SECRET: bench.emulator.tokenSecret,
    MODAL_ENVIRONMENT: "main",
    MODAL_CONFIG_PATH: expect.stringContaining(bench.directory),
    no_proxy: expect.stringContaining("127.0.0.1"),
    NO_PROXY: expect.stringContaining("127.0.0.1"),
  });
});

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

function sleeper(env: Record<string, string>): number {
  const child = spawn("sleep", ["300"], {
    detached: true,
    stdio: "ignore",
    env: { PATH: process.env["PATH"], ...env },
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child.pid ?? 0;
}

test("kill -9 of the program that hosts an emulator leaves no process of it", async () => {
  const directory = await mkdtemp(join(tmpdir(), "modal-emulator-"));
  const host = spawn(process.execPath, [here("host.ts"), directory], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    host.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  });
  const [line] = (await once(createInterface({ input: host.stdout }), "line")) as [string];
  const { sandbox, child, reaper } = JSON.parse(line) as { sandbox: number[]; child: number; reaper: number };
  // The shell, its two sleeps and the exec.
  expect(sandbox).toHaveLength(4);
  const all = [...sandbox, child, reaper];
  expect(all.filter(isAlive)).toEqual(all);

  host.kill("SIGKILL");
  await vi.waitFor(() => expect(all.filter(isAlive)).toEqual([]), { timeout: 30_000, interval: 20 });
});

test("a reaper ends what was registered and what carries the marker, and nothing else", async () => {
  const reaper = await startReaper("reapertest");
  const marked = sleeper({ [markerVariable]: "reapertest" });
  const registered = sleeper({});
  const forgotten = sleeper({});
  const others = sleeper({ [markerVariable]: "reapertest-other" });
  reaper.register(registered);
  reaper.register(forgotten);
  reaper.unregister(forgotten);
  await reaper.close();
  expect([marked, registered, reaper.pid].filter(isAlive)).toEqual([]);
  expect([forgotten, others].filter(isAlive)).toEqual([forgotten, others]);
});

test("without its service definitions the SDK is refused with the mend", async () => {
  const definitions = new URL("../../../../src/lib/emulator/modal/definitions.ts", import.meta.url).href;
  const program = `const { serviceDefinitions } = await import(${JSON.stringify(definitions)}); serviceDefinitions();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const [code] = await once(child, "close");
  expect(code).toBe(1);
  expect(errors).toContain("call registerModalDefinitions() of scripts/modal-definitions.ts");
});
