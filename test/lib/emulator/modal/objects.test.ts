// Apps, Environments, Secrets, Volumes and Images.
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NotFoundError } from "modal";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bench, shell, startBench } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

test("an App is there once it was created, and is the same one", async () => {
  const { apps, cpClient } = bench.client;
  await expect(apps.fromName("mine")).rejects.toThrow(NotFoundError);
  const created = await apps.fromName("mine", { createIfMissing: true });
  const found = await apps.fromName("mine");
  expect(found.appId).toBe(created.appId);
  expect((await found.info({ refresh: true })).lifecycle.state).toBe("deployed");
  const { apps: listed } = await cpClient.appList({});
  expect(listed.map(({ name }) => name)).toEqual(["bench", "mine"]);
  expect((await cpClient.appGetByDeploymentName({ name: "mine" })).appId).toBe(created.appId);
});

test("stopping an App ends its Sandboxes and frees its name", async () => {
  const { client, image } = bench;
  const app = await client.apps.fromName("stopped", { createIfMissing: true });
  const sandbox = await client.sandboxes.create(app, image, { command: ["sleep", "60"] });
  await client.cpClient.appStop({ appId: app.appId });
  expect(await sandbox.wait()).toBe(137);
  expect(await client.cpClient.appGetByDeploymentName({ name: "stopped" })).toMatchObject({ appId: "" });
  await expect(client.sandboxes.create(app, image, { command: ["true"] })).rejects.toThrow(/is stopped/);
  const again = await client.apps.fromName("stopped", { createIfMissing: true });
  expect(again.appId).not.toBe(app.appId);
});

test("Environments keep Apps apart, and must exist", async () => {
  const { apps, environments, cpClient } = bench.client;
  const here = await apps.fromName("twice", { createIfMissing: true });
  await expect(apps.fromName("twice", { environment: "staging", createIfMissing: true })).rejects.toThrow();
  await expect(environments.fromName("staging")).rejects.toThrow(NotFoundError);
  await environments.fromName("staging", { createIfMissing: true });
  const there = await apps.fromName("twice", { environment: "staging", createIfMissing: true });
  expect(there.appId).not.toBe(here.appId);
  const { items } = await cpClient.environmentList({});
  expect(items.map((item) => [item.name, item.default])).toEqual([
    ["main", true],
    ["staging", false],
  ]);
});

test("an Environment's limits are told, with what runs of them", async () => {
  const limits = { maxConcurrentTasks: 5, effectiveCycleSpendLimit: 100, spendLimitReached: true };
  await using other = await startBench({ limits });
  await other.create(["sleep", "60"]);
  const { items } = await other.client.cpClient.environmentList({});
  expect(items).toMatchObject([{ name: "main", currentConcurrentTasks: 1, maxConcurrentGpus: undefined, ...limits }]);
});

test("a named Secret is made, refused, overwritten, listed without its values, and deleted", async () => {
  const { cpClient, secrets } = bench.client;
  const secret = (objectCreationType: number, value: string) =>
    cpClient.secretGetOrCreate({ deploymentName: "token", objectCreationType, envDict: { TOKEN: value } });
  await expect(secrets.fromName("token")).rejects.toThrow(NotFoundError);
  const { secretId } = await secret(2, "first");
  await expect(secret(2, "second")).rejects.toThrow(/ALREADY_EXISTS/);
  expect((await secret(1, "second")).secretId).toBe(secretId);

  const read = async () => {
    const sandbox = await bench.create(shell("echo $TOKEN"), { secrets: [await secrets.fromName("token")] });
    return (await sandbox.stdout.readText()).trim();
  };
  expect(await read()).toBe("first");
  await secret(3, "third");
  expect(await read()).toBe("third");

  await expect(secrets.fromName("token", { requiredKeys: ["OTHER"] })).rejects.toThrow(/missing key\(s\): OTHER/);
  const listed = await cpClient.secretList({});
  expect(listed.items.map(({ label }) => label)).toEqual(["token"]);
  expect(JSON.stringify(listed)).not.toContain("third");
  await secrets.delete("token");
  await expect(secrets.fromName("token")).rejects.toThrow(NotFoundError);
});

test.each([{ gpu: undefined }, { gpu: "T4" }])(
  "Secrets from an object and variables reach a Sandbox, gpu $gpu",
  async ({ gpu }) => {
    const first = await bench.client.secrets.fromObject({ A: "1", B: "1" });
    const sandbox = await bench.create(shell("echo $A $B $C"), {
      secrets: [first, await bench.client.secrets.fromObject({ B: "2" })],
      env: { C: "3" },
      ...(gpu && { gpu }),
    });
    expect(await sandbox.stdout.readText()).toBe("1 2 3\n");
  },
);

test("a Volume carries files from one Sandbox to the next, and parts of it by sub-path", async () => {
  const { volumes } = bench.client;
  await expect(volumes.fromName("cache")).rejects.toThrow(NotFoundError);
  const volume = await volumes.fromName("cache", { createIfMissing: true, version: 2 });
  await expect(volumes.fromName("cache", { version: 1 })).rejects.toThrow(/version v2/);

  const writer = await bench.create(shell('mkdir cache/part; echo kept > cache/part/file; echo "$HOME"'), {
    volumes: { "/cache": volume },
  });
  expect(await writer.wait()).toBe(0);
  const reader = await bench.create(shell("cat mnt/part/file; read line"), {
    volumes: { "/mnt/part": volume.withMountOptions({ subPath: "part" }) },
  });
  expect((await reader.stdout.getReader().read()).value).toBe("kept\n");
  expect(await reader.filesystem.readText("/mnt/part/file")).toBe("kept\n");
  await reader.filesystem.writeText("more", "/mnt/part/new");
  await reader.reloadVolumes();
  await reader.terminate({ wait: true });

  const folder = join(bench.directory, "volumes", volume.volumeId);
  expect(await readFile(join(folder, "part", "new"), "utf8")).toBe("more");
  const { items } = await bench.client.cpClient.volumeList({});
  expect(items.map(({ label }) => label)).toEqual(["cache"]);
  await volumes.delete("cache");
  expect(existsSync(folder)).toBe(false);
  await expect(volumes.fromName("cache")).rejects.toThrow(NotFoundError);
});

function registry(tag: string, ...lines: string[]) {
  return bench.client.images.fromRegistry(tag).dockerfileCommands(lines);
}

async function output(image: Parameters<Bench["client"]["sandboxes"]["create"]>[1], command?: string[]) {
  const sandbox = await bench.client.sandboxes.create(bench.app, image, command ? { command } : {});
  const text = await sandbox.stdout.readText();
  await sandbox.wait();
  return text.trim();
}

test("a program found by the image's PATH runs", async () => {
  const tools = join(bench.directory, "tools");
  await mkdir(tools);
  await writeFile(join(tools, "greet"), '#!/bin/sh\necho "$GREETING, $1"\n', { mode: 0o755 });
  const image = registry("debian:12", `ENV PATH=${tools}:$PATH`, "ENV GREETING=hello");
  expect(await output(image, ["greet", "world"])).toBe("hello, world");
});

test("arguments are appended to the ENTRYPOINT, CMD stands in for them", async () => {
  const image = registry("debian:12", 'ENTRYPOINT ["echo", "entry"]', 'CMD ["default"]');
  expect(await output(image)).toBe("entry default");
  expect(await output(image, ["given"])).toBe("entry given");
  expect(await output(image.dockerfileCommands(["ENTRYPOINT []"]), ["echo", "plain"])).toBe("plain");
});

test("later layers build on earlier ones, named images on published ones", async () => {
  const base = registry("debian:12", "ENV A=one WHERE=/usr").dockerfileCommands(["WORKDIR $WHERE/lib"]);
  await base.build(bench.app);
  await base.publish("base:v1");
  const named = await bench.client.images.fromName("base:v1");
  expect(named.imageId).toBe(base.imageId);
  const extended = named.dockerfileCommands(["ENV B=$A-two", "RUN exit 1"]);
  expect(await output(extended, ["/bin/sh", "-c", "echo $A $B; pwd"])).toBe("one one-two\n/usr/lib");
});

test("the same layers have the same id, unless a build is forced; layers are recorded", async () => {
  const first = await registry("debian:12", "RUN echo same").build(bench.app);
  const second = await registry("debian:12", "RUN echo same").build(bench.app);
  const other = await registry("debian:12", "RUN echo other").build(bench.app);
  const forced = await bench.client.images
    .fromRegistry("debian:12")
    .dockerfileCommands(["RUN echo same"], { forceBuild: true })
    .build(bench.app);
  expect(second.imageId).toBe(first.imageId);
  expect(new Set([first.imageId, other.imageId, forced.imageId]).size).toBe(3);
  const layers = bench.emulator.images();
  const layer = layers.find(({ imageId }) => imageId === first.imageId);
  const base = layers.find(({ dockerfileCommands }) => dockerfileCommands.length === 1);
  expect(layer).toMatchObject({
    dockerfileCommands: ["FROM base", "RUN echo same"],
    baseImages: { base: base?.imageId },
  });
  expect(base?.dockerfileCommands).toEqual(["FROM debian:12"]);
});

test("names move from image to image, are listed and deleted", async () => {
  const { client, app } = bench;
  const one = await registry("debian:12", "RUN one").build(app);
  const two = await registry("debian:12", "RUN two").build(app);
  await one.publish("moving");
  await two.publish("moving");
  expect((await client.images.fromName("moving:latest")).imageId).toBe(two.imageId);
  const listed = await client.cpClient.imageListTags({ tagPrefix: "moving" });
  expect(listed.items).toEqual([expect.objectContaining({ tag: "moving:latest", imageId: two.imageId })]);
  await client.cpClient.imageNameDelete({ tag: "moving" });
  await expect(client.images.fromName("moving")).rejects.toThrow(NotFoundError);
  expect((await client.images.fromId(two.imageId)).imageId).toBe(two.imageId);
});

test("a deleted image is gone, by id and by name", async () => {
  const { client, app } = bench;
  const image = await registry("debian:12", "RUN short-lived").build(app);
  await image.publish("short-lived");
  await client.images.delete(image.imageId);
  await expect(client.images.delete(image.imageId)).rejects.toThrow(NotFoundError);
  await expect(client.images.fromId(image.imageId)).rejects.toThrow(NotFoundError);
  await expect(client.images.fromName("short-lived")).rejects.toThrow(NotFoundError);
});
