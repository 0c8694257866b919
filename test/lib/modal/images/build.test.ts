import type { ModalClient } from "modal";
import { ServerError, Status } from "nice-grpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BuildOptions, buildRunnerImage } from "../../../../src/lib/modal/images/build.ts";
import { buildLayer, ImageBuildError } from "../../../../src/lib/modal/images/build-log.ts";
import { listRunnerImages } from "../../../../src/lib/modal/images/list.ts";
import { type Bench, collect, shell, startBench } from "../../emulator/modal/support.ts";
import { recipeWith, release } from "./support.ts";

const name = "modal-gha-runner";
const at = Date.UTC(2026, 10, 24, 9);
let bench: Bench;
/** Told of each call; may throw. */
let onCall: (method: string, request: unknown) => void;
let calls: string[];
beforeEach(async () => {
  calls = [];
  onCall = () => undefined;
  bench = await startBench({
    intercept: async ({ method, request }) => {
      calls.push(method);
      onCall(method, request);
      return "proceed";
    },
  });
});
afterEach(() => bench[Symbol.asyncDispose]());

function build(options: Partial<BuildOptions> = {}) {
  const { client, app } = bench;
  const { signal } = new AbortController();
  return buildRunnerImage({
    client,
    app,
    name,
    recipe: recipeWith(),
    onLine: () => undefined,
    signal,
    now: () => at,
    ...options,
  });
}

const publications = () => calls.filter((call) => call === "ImagePublish").length;

describe("buildRunnerImage", () => {
  it("publishes an image whose Sandboxes find the entrypoint, with nothing before their command", async () => {
    const lines: string[] = [];
    const built = await build({ onLine: (line) => lines.push(line) });
    expect(built).toEqual({
      imageId: expect.stringMatching(/^im-/),
      ...release,
      variant: "standard",
      isNew: true,
      tags: [`${name}:mgha-2.400.1-20261124090000`, `${name}:latest`],
    });
    expect(lines).toContain("[1/5] packages that jobs expect");
    const image = await bench.client.images.fromName(name);
    expect(image.imageId).toBe(built.imageId);
    const print = 'echo "$PATH"; echo "$RUNNER_TOOL_CACHE $AGENT_TOOLSDIRECTORY $LANG"; env | grep -c MODAL_GHA';
    const sandbox = await bench.client.sandboxes.create(bench.app, image, { command: shell(print) });
    const [path = "", rest, ours] = (await collect(sandbox.stdout)).join("").split("\n");
    expect(path).toMatch(/^\/opt\/modal-gha\/bin:./);
    expect(rest).toBe("/opt/hostedtoolcache /opt/hostedtoolcache C.UTF-8");
    // Above all no secret.
    expect(ours).toBe("0");
  });

  it("builds on the base image, each layer on the one before", async () => {
    const layers: { dockerfileCommands: string[]; baseImages: unknown[] }[] = [];
    onCall = (method, request) => {
      if (method === "ImageGetOrCreate") layers.push((request as { image: (typeof layers)[number] }).image);
    };
    const recipe = recipeWith({ from: "debian:12", variant: "docker" });
    expect(await build({ recipe })).toMatchObject({
      variant: "docker",
      tags: [expect.stringMatching(/-docker$/), expect.anything()],
    });
    expect(layers.map(({ dockerfileCommands, baseImages }) => [dockerfileCommands[0], baseImages.length])).toEqual([
      ["FROM debian:12", 0],
      ...recipe.layers.slice(1).map(() => ["FROM base", 1]),
    ]);
  });

  it("publishes nothing when this very image is in use already, unless it is forced", async () => {
    const first = await build();
    expect(await build({ now: () => at + 1000 })).toEqual({ ...first, isNew: false });
    expect(publications()).toBe(2);
    const forced = await build({ force: true, now: () => at + 2000 });
    expect(forced).toMatchObject({ isNew: true, tags: [`${name}:mgha-2.400.1-20261124090002`, `${name}:latest`] });
    expect(forced.imageId).not.toBe(first.imageId);
  });

  it("publishes the same image once more when another one came in between", async () => {
    const first = await build();
    const other = await build({ recipe: recipeWith({ ownCommands: ["RUN true"] }), now: () => at + 1000 });
    const again = await build({ now: () => at + 2000 });
    expect([other.imageId === first.imageId, again.imageId, again.isNew]).toEqual([false, first.imageId, true]);
    expect((await bench.client.images.fromName(name)).imageId).toBe(first.imageId);
  });

  it("gives the tag that the policy names, and leaves latest alone", async () => {
    const built = await build({ name: `${name}:2026-11` });
    expect(built.tags).toEqual([`${name}:mgha-2.400.1-20261124090000`, `${name}:2026-11`]);
    await expect(bench.client.images.fromName(name)).rejects.toThrow("not found");
  });

  it.each(["ImageGetOrCreate", "ImagePublish"])("leaves the old image in use when %s fails", async (failing) => {
    const first = await build();
    let left = 2;
    onCall = (method) => {
      if (method === failing && --left === 0) throw new ServerError(Status.INVALID_ARGUMENT, "no such instruction");
    };
    const recipe = recipeWith({ runnerVersion: "2.401.0" });
    await expect(build({ recipe, now: () => at + 1000 })).rejects.toThrow("no such instruction");
    expect((await bench.client.images.fromName(name)).imageId).toBe(first.imageId);
  });

  it("publishes nothing once it is interrupted", async () => {
    const controller = new AbortController();
    onCall = (method) => {
      if (method === "ImageListTags") controller.abort(new Error("interrupted"));
    };
    await expect(build({ signal: controller.signal })).rejects.toThrow();
    expect(publications()).toBe(0);
  });
});

describe("listRunnerImages", () => {
  it("lists ours, the newest first, and says which is in use", async () => {
    const first = await build();
    const second = await build({ recipe: recipeWith({ variant: "cuda" }), now: () => at + 60_000 });
    await (await bench.client.images.fromId(first.imageId)).publish(`${name}:by-hand`);
    await (await bench.client.images.fromId(first.imageId)).publish(`${name}-other:mgha-2.400.1-20261124090000`);
    const common = { name, runnerVersion: "2.400.1" };
    const newer = { ...common, tag: "mgha-2.400.1-20261124090100-cuda", imageId: second.imageId, variant: "cuda" };
    const older = { ...common, tag: "mgha-2.400.1-20261124090000", imageId: first.imageId, variant: "standard" };
    expect(await listRunnerImages(bench.client, name)).toEqual([
      { ...newer, builtAt: at + 60_000, isCurrent: true },
      { ...older, builtAt: at, isCurrent: false },
    ]);
    expect((await listRunnerImages(bench.client, `${name}:by-hand`)).map((image) => image.isCurrent)).toEqual([
      false,
      true,
    ]);
  });

  it("shows an image in use that is not ours", async () => {
    await (await bench.image.build(bench.app)).publish(name);
    expect(await listRunnerImages(bench.client, name)).toEqual([
      {
        name,
        tag: "latest",
        imageId: bench.image.imageId,
        runnerVersion: null,
        variant: null,
        builtAt: expect.any(Number),
        isCurrent: true,
      },
    ]);
    expect(await listRunnerImages(bench.client, "nothing")).toEqual([]);
  });

  it("reads all pages", async () => {
    const { imageId } = await build();
    const image = await bench.client.images.fromId(imageId);
    for (let i = 0; i < 120; i++) await image.publish(`${name}:mgha-2.300.${i}-20250101000000`);
    expect(await listRunnerImages(bench.client, name)).toHaveLength(121);
  });
});

type Joined = Partial<
  Awaited<ReturnType<ModalClient["cpClient"]["imageJoinStreaming"]>> extends AsyncIterable<infer Item> ? Item : never
>;

/** A client whose builds are not there at once; each call that joins one gets the next of these streams. */
function joining(streams: (Joined | Error)[][]): { client: ModalClient; resumedAt: string[] } {
  const resumedAt: string[] = [];
  const cpClient = {
    imageGetOrCreate: async () => ({ imageId: "im-1", result: undefined }),
    async *imageJoinStreaming({ lastEntryId }: { lastEntryId: string }) {
      resumedAt.push(lastEntryId);
      for (const item of streams.shift() ?? []) {
        if (item instanceof Error) throw item;
        yield { taskLogs: [], entryId: "", ...item };
      }
    },
  };
  return { client: { cpClient } as unknown as ModalClient, resumedAt };
}

const log = (entryId: string, ...data: string[]) =>
  ({ entryId, taskLogs: data.map((text) => ({ data: text })) }) as Joined;
const result = (status: number, exception = "") => ({ result: { status, exception } }) as Joined;
const broken = () => Object.assign(new Error("connection lost"), { code: 14 });

describe("a build that takes its time", () => {
  const request = { appId: "ap-1", dockerfileCommands: [], baseImageId: undefined, builderVersion: "", force: false };
  const { signal } = new AbortController();
  const follow = async (streams: (Joined | Error)[][]) => {
    const lines: string[] = [];
    const { client, resumedAt } = joining(streams);
    const outcome = await buildLayer(client, request, { onLine: (line) => lines.push(line), signal, retryMs: 1 }).catch(
      (error: Error) => error,
    );
    return { outcome, lines, resumedAt };
  };

  it("is followed over several calls and broken connections, line by line", async () => {
    const streams = [[log("1", "one\r\ntw"), log("2", "o\nth", "ree\n")], [log("3", "four"), broken()], [result(1)]];
    expect(await follow(streams)).toEqual({
      outcome: "im-1",
      lines: ["one", "two", "three", "four"],
      resumedAt: ["", "2", "3"],
    });
  });

  it.each([
    [result(2, "RUN exited with 100\n"), "the build failed: RUN exited with 100"],
    [result(3), "Modal ended the build. Try again"],
    [result(4), "the build took longer than Modal allows"],
    [result(8), "the build ran out of memory"],
    [result(6), "the build failed, with status 6"],
  ])("says why it ended: %o", async (end, message) => {
    const { outcome, lines } = await follow([[log("1", "last words"), end]]);
    expect(outcome).toBeInstanceOf(ImageBuildError);
    expect(outcome).toMatchObject({ message, imageId: "im-1" });
    expect(lines).toEqual(["last words"]);
  });

  it("is given up when the connection breaks again and again, or is refused", async () => {
    expect((await follow(Array.from({ length: 9 }, () => [broken()]))).resumedAt).toHaveLength(6);
    const refused = Object.assign(new Error("no"), { code: 7 });
    expect(await follow([[refused]])).toMatchObject({ outcome: refused, resumedAt: [""] });
  });
});
