import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { appName, controllerAppName, ownershipTags } from "../../../src/lib/modal/names.ts";
import { SettingsStore, settingsFolder } from "../../../src/lib/settings/store.ts";
import {
  destroy,
  everything,
  look,
  makeApp,
  makeFleet,
  makeRunner,
  publish,
  register,
  type World,
  worldWith,
} from "./world.ts";

const ours = [
  "controller modal-gha-test.controller",
  "app modal-gha-test",
  "secret modal-gha-test",
  "image acme-runner:latest",
  "image acme-runner:mgha-2.338.0-20261102000000",
  "image acme-runner:mgha-2.337.0-20261101000000",
];

/** Things of others, some of them as like ours as can be. */
async function makeDecoys(world: World): Promise<void> {
  const { client } = world.bench;
  await makeFleet(world, "test-2", "other-runner");
  await makeApp(world, "test", { "managed-by": "modal-gha" });
  await makeApp(world, "modal-gha-tests", {});
  await register(world, "cpu-build-server");
  await register(world, "gpu-77-1-abcde00000");
  await publish(world, "theirs", ["acme-runner:by-hand", "acme-runner-2:mgha-2.338.0-20261102000000"]);
  await client.cpClient.secretGetOrCreate({ deploymentName: "test", objectCreationType: 1, envDict: { A: "1" } });
  await client.volumes.fromName("model-cache", { createIfMissing: true });
  await client.volumes.fromName("modal-gha-test", { createIfMissing: true });
}

it("leaves nothing of the fleet, and everything that is not its", async () => {
  const world = await worldWith();
  await makeDecoys(world);
  const others = await everything(world);
  await makeFleet(world);
  const planned = await look(world, { images: true });
  for (const thing of ours) expect(planned.things).toContain(thing);
  expect(planned.things.filter((thing) => /^(sandbox|registration) /.test(thing))).toHaveLength(3);

  const { removed, left, busy, kept } = await destroy(world, { images: true });
  expect([left, busy]).toEqual([[], []]);
  expect(removed.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(planned.things.sort());
  expect(removed[0]?.kind).toBe("controller");
  expect(await everything(world)).toEqual(others);
  await expect(world.bench.client.volumes.fromName("model-cache")).resolves.toBeDefined();
  await expect(world.bench.client.volumes.fromName("modal-gha-test")).resolves.toBeDefined();
  expect(kept).toContainEqual(expect.objectContaining({ kind: "volume", remedy: "modal volume delete model-cache" }));
  expect(kept).toContainEqual(
    expect.objectContaining({
      kind: "github-app",
      remedy: `${world.github.url}/organizations/acme/settings/apps/acme-runners/advanced`,
    }),
  );

  expect((await look(world)).things).toEqual([]);
  expect((await destroy(world)).removed).toEqual([]);
  expect(await everything(world)).toEqual(others);
});

it("tells of a registration that may be another fleet's, and leaves it", async () => {
  const world = await worldWith();
  await makeRunner(world, { fleet: "test-2", job: 8, ended: true });
  await register(world, "cpu-9-1-abcde00000");
  await makeRunner(world, { job: 10, ended: true });
  const { things, kept } = await look(world);
  expect(things).toEqual([expect.stringMatching(/^registration cpu-10-1-/), "app modal-gha-test"]);
  expect(kept.filter((line) => line.startsWith("registration "))).toEqual([
    expect.stringContaining("cpu-9-1-abcde00000: no Sandbox of this fleet"),
  ]);
});

it("takes the Sandboxes' App without tags for ours only when everything in it is", async () => {
  const world = await worldWith();
  await makeRunner(world, { job: 1, ended: true });
  expect((await look(world)).things).toContain("app modal-gha-test");
  const app = await world.bench.client.apps.fromName(appName("test"));
  const foreign = await world.bench.client.sandboxes.create(app, world.bench.image, { command: ["true"] });
  await foreign.wait();
  const { things, kept } = await look(world);
  expect(things).not.toContain("app modal-gha-test");
  expect(kept).toContain(`app modal-gha-test: it has a Sandbox ${foreign.sandboxId} that is not this fleet's`);
});

it("leaves an App of the fleet's name alone that has a Function of others, or others' tags, or none", async () => {
  const world = await worldWith();
  await makeApp(world, appName("test"), {}, ["train"]);
  await makeApp(world, controllerAppName("test"), {}, ["serve"]);
  expect(await look(world)).toMatchObject({
    things: [],
    kept: expect.arrayContaining([
      "app modal-gha-test.controller: it does not carry our tags",
      "app modal-gha-test: it has a Function train, which modal-gha did not put there",
    ]),
  });
  await makeApp(world, controllerAppName("test"), ownershipTags("test-2"));
  await makeApp(world, appName("test"), ownershipTags("test"));
  expect((await destroy(world)).removed).toEqual([]);
  expect((await everything(world)).apps).toEqual(expect.arrayContaining([appName("test"), controllerAppName("test")]));
});

it("does not stop an App of ours while somebody else's Sandbox lives in it", async () => {
  const world = await worldWith();
  await makeApp(world, appName("test"), ownershipTags("test"));
  await makeRunner(world, { job: 1 });
  const app = await world.bench.client.apps.fromName(appName("test"));
  await world.bench.client.sandboxes.create(app, world.bench.image, { name: "theirs", command: ["sleep", "300"] });
  expect((await destroy(world)).removed.map(({ kind }) => kind)).toEqual(["sandbox"]);
  expect(world.bench.emulator.running().map(({ name }) => name)).toEqual(["theirs"]);
});

it("leaves a Secret without the mark, and an image that modal-gha did not build", async () => {
  const world = await worldWith();
  const { client } = world.bench;
  await client.cpClient.secretGetOrCreate({ deploymentName: appName("test"), objectCreationType: 1, envDict: {} });
  await publish(world, "theirs", ["acme-runner:latest"]);
  await publish(world, "ours", ["acme-runner:mgha-2.338.0-20261102000000"]);
  const { removed, kept } = await destroy(world);
  expect(removed.map(({ name }) => name)).toEqual(["acme-runner:mgha-2.338.0-20261102000000"]);
  expect(kept.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["secret", "image"]));
  const { secrets, images } = await everything(world);
  expect([secrets, images]).toEqual([["modal-gha-test"], ["acme-runner:latest"]]);
});

it("leaves images as long as there is another fleet, whatever they are called, unless that is asked for", async () => {
  const world = await worldWith();
  const tags = ["acme-runner:latest", "acme-runner:mgha-2.338.0-20261102000000"];
  const things = tags.map((tag) => `image ${tag}`);
  await publish(world, "shared", tags);
  expect((await look(world)).things).toEqual(things);
  // It has no runner now, and its policy may mean this image all the same.
  await makeApp(world, controllerAppName("test-2"), ownershipTags("test-2"));
  const { things: found, kept, remedies } = await look(world);
  expect(found).toEqual([]);
  expect(kept).toContain("image acme-runner:latest: there is another fleet here that may use it");
  expect(remedies).toContain("modal-gha destroy --images");
  expect((await look(world, { images: true })).things).toEqual(things);
});

it("leaves images of an Environment where other fleets were not looked for, and of another workspace", async () => {
  const world = await worldWith();
  const tags = ["acme-runner:latest", "acme-runner:mgha-2.338.0-20261102000000"];
  await publish(world, "shared", tags);
  const policy = (image: string) =>
    writeFile(
      world.env["MODAL_GHA_POLICY"]!,
      `fleet: test\ngithub: { owner: acme }\nimage: ${image}\npools: [{ name: cpu, labels: [modal] }]`,
    );
  await policy("main/acme-runner");
  const { things, kept } = await look(world);
  expect(things).toEqual([]);
  expect(kept).toContain(
    "image main/acme-runner:latest: it is in an Environment where no other fleets were looked for",
  );
  expect((await look(world, { images: true })).things).toEqual(tags.map((tag) => `image main/${tag}`));
  await policy("other/main/acme-runner");
  const foreign = await look(world, { images: true });
  expect(foreign.things).toEqual([]);
  expect(foreign.kept).toContain("image other/main/acme-runner: it is in another workspace");
});

it("forgets the fleet's own settings with --local, and the whole file only where nothing else is in it", async () => {
  const world = await worldWith();
  const store = new SettingsStore(settingsFolder(world.env));
  await store.set("githubWebUrl", "https://a.example");
  await store.setProfile("test", { policyFile: world.env["MODAL_GHA_POLICY"]! });
  await store.setProfile("other", { githubApiUrl: "https://b.example" });
  await store.setDefaultFleet("other");
  const shared = await look(world, { local: true });
  expect(shared.things).toContain(`file ${store.file}, fleet test`);
  expect(shared.kept).toContain(`file ${store.file}: it has the settings of other, all fleets, too`);
  const asked = { ...world.env, MODAL_GHA_FLEET_PROFILE: "test" };
  expect((await look(world, { local: true, env: asked })).things).toEqual(shared.things);
  expect((await destroy(world, { local: true })).left).toEqual([]);
  const rest = { githubWebUrl: "https://a.example", fleet: "other" };
  expect(await store.read()).toEqual({ ...rest, fleets: { other: { githubApiUrl: "https://b.example" } } });

  await store.removeProfile("other");
  await store.unset("githubWebUrl");
  expect((await look(world, { local: true })).things).toContain(`file ${store.file}`);
});

it("leaves with --local what is stored for a fleet of that name that is elsewhere", async () => {
  const world = await worldWith();
  const store = new SettingsStore(settingsFolder(world.env));
  await store.setProfile("test", { githubAppId: "1" });
  const key = join(settingsFolder(world.env), "test.private-key.pem");
  await writeFile(key, "key");
  const { things, kept } = await look(world, { local: true });
  expect(things).toEqual([]);
  const why =
    "MODAL_GHA_APP_ID in the environment goes before its githubAppId, so it may be of another fleet of that name";
  expect(kept).toEqual(expect.arrayContaining([`file ${store.file}, fleet test: ${why}`, `file ${key}: ${why}`]));
});

it("refuses a policy that is not of the fleet that was asked for", async () => {
  const world = await worldWith();
  const store = new SettingsStore(settingsFolder(world.env));
  await store.setProfile("other", { githubAppId: "1" });
  await makeRunner(world, { job: 1 });
  const asked = { ...world.env, MODAL_GHA_FLEET_PROFILE: "other" };
  await expect(destroy(world, { env: asked })).rejects.toMatchObject({ code: "other-fleet", exitCode: 2 });
  expect(world.bench.emulator.running()).toHaveLength(1);
});
