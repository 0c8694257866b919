// `image build` and `image ls` as an operator types them, against a whole fleet on this machine.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Octokit } from "@octokit/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageFile } from "../../src/lib/package-root.ts";
import { type Rehearsal, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { type Run, run, start, until } from "./cli.ts";

let scratch: string;
let rehearsal: Rehearsal;
let withoutGitHub: Record<string, string>;
/** Holds builds up while it is set. */
let gate: Promise<void> | undefined;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "image-e2e-"));
  rehearsal = await startRehearsal({
    repositoryDirectory: packageFile("templates", "sample-repository"),
    repository: "sample",
    modal: {
      intercept: async ({ method }) => {
        if (method === "ImageGetOrCreate") await gate;
        return "proceed";
      },
    },
  });
  const { GITHUB_TOKEN, MODAL_GHA_APP_ID, MODAL_GHA_PRIVATE_KEY_FILE, ...rest } = rehearsal.env;
  withoutGitHub = rest;
});
afterAll(async () => {
  await rehearsal?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const cli = (args: string[], env: Record<string, string> = rehearsal.env): Promise<Run> =>
  run(["image", ...args], { HOME: scratch, ...env });
const file = (name: string, text: string): string => {
  writeFileSync(join(scratch, name), text);
  return join(scratch, name);
};
const policy = (pools: string): string =>
  file("policy.yaml", `fleet: rehearsal\ngithub: { owner: acme }\npools: [${pools}]\n`);

describe("image build", () => {
  it("publishes an image that jobs run in, and says what it is made of", async () => {
    const build = await cli(["build", "--json"]);
    expect(build, build.stderr).toMatchObject({ code: 0 });
    const built = JSON.parse(build.stdout);
    expect(built).toEqual({
      name: "modal-gha-runner",
      imageId: expect.stringMatching(/^im-/),
      runnerVersion: "2.338.0",
      sha256: "af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32",
      variant: "standard",
      isNew: true,
      tags: [expect.stringMatching(/^modal-gha-runner:mgha-2\.338\.0-\d{14}$/), "modal-gha-runner:latest"],
      baseImage: expect.stringMatching(/^ubuntu:.*@sha256:/),
      deprecatesAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(build.stderr).toMatch(/^Runner 2\.338\.0 gets jobs until /m);
    expect(build.stderr).toMatch(/^\[4\/5\] the entrypoint/m);

    const octokit = new Octokit({ baseUrl: rehearsal.github.url, auth: rehearsal.github.token });
    const { owner, repository: repo } = rehearsal;
    await octokit.rest.actions.createWorkflowDispatch({ owner, repo, workflow_id: "ci.yml", ref: "main" });
    const job = await until("the job is done", () =>
      rehearsal.github.state().jobs.find(({ status, labels }) => status === "completed" && labels.includes("modal")),
    );
    expect(job).toMatchObject({ conclusion: "success" });
    const names = rehearsal.modal.images().find(({ imageId }) => imageId === built.imageId)?.names;
    expect(names).toContain("modal-gha-runner:latest");
  });

  it("needs no credentials for GitHub, and says what it cannot know without", async () => {
    const build = await cli(["build", "--runner-version", "2.337.0"], withoutGitHub);
    expect(build, build.stderr).toMatchObject({ code: 0 });
    expect(build.stdout).toMatch(
      /^Published modal-gha-runner:latest\nimage {4}im-\w+\nrunner {3}2\.337\.0, SHA-256 70920811/,
    );
    expect(build.stderr).toMatch(/not looked up: There are no credentials for GitHub/);
    const again = await cli(["build", "--runner-version", "2.337.0"], withoutGitHub);
    expect(again.stdout).toMatch(/^modal-gha-runner:latest is this very image already; nothing was published\n/);
  });

  it("builds on the operator's own image with their own commands", async () => {
    const extras = file("extras", "RUN apt-get install -y ffmpeg\nENV EXTRA=yes\n");
    const args = ["build", "--json", "--name", "mine:1", "--from", "debian:12", "--dockerfile", extras, "--docker"];
    const build = await cli(args);
    expect(build, build.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(build.stdout)).toMatchObject({ baseImage: "debian:12", variant: "docker", name: "mine:1" });
    const image = rehearsal.modal.images().find(({ names }) => names.includes("mine:1"));
    expect(image?.dockerfileCommands.slice(1)).toEqual([
      "RUN apt-get install -y ffmpeg",
      "ENV EXTRA=yes",
      "ENTRYPOINT []",
    ]);
  });

  it("builds with Docker where a pool of the policy's wants it, and asks which of several", async () => {
    const docker = policy("{ name: vm, labels: [vm], docker: true }");
    expect(JSON.parse((await cli(["build", "--json", "--policy", docker])).stdout)).toMatchObject({
      variant: "docker",
    });
    const several = policy("{ name: a, labels: [a] }, { name: b, labels: [b], image: other, docker: true }");
    const asked = await cli(["build", "--policy", several]);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain("modal-gha-runner: a; other: b");
    expect(asked.stderr).toContain("modal-gha image build --name other --docker");
  });

  it.each([
    ["a file with faults", ["--dockerfile", "FAULTY"], 1, /faulty:2: COPY has nothing to copy from/],
    ["a file that is not there", ["--dockerfile", "/nowhere"], 1, /There is no \/nowhere/],
    ["another architecture", ["--arch", "arm64"], 2, /Runner images are for x64 alone, not arm64/],
    ["CUDA with Docker", ["--gpu-base", "--docker"], 2, /--docker/],
    ["a base that is none", ["--from", "debian 12"], 2, /"debian 12" is no image of a registry/],
    [
      "a release that is not there",
      ["--runner-version", "2.1.1"],
      1,
      /knows no release v2\.1\.1.*\n[\s\S]*--runner-sha256/,
    ],
    ["a checksum alone", ["--runner-sha256", "00"], 2, /--runner-version/],
    [
      "a checksum that is wrong",
      ["--runner-version", "2.337.0", "--runner-sha256", "0".repeat(64)],
      1,
      /not the given 000/,
    ],
  ])("refuses %s in words, and publishes nothing", async (_what, args, code, words) => {
    const faulty = file("faulty", "RUN true\nCOPY . /app\n");
    const before = rehearsal.modal.images().flatMap(({ names }) => names);
    const build = await cli(["build", ...args.map((arg) => (arg === "FAULTY" ? faulty : arg))]);
    expect(build, build.stderr).toMatchObject({ code, stdout: "" });
    expect(build.stderr).toMatch(words);
    expect(rehearsal.modal.images().flatMap(({ names }) => names)).toEqual(before);
  });

  it("ends at Ctrl-C with 130, and publishes nothing", async () => {
    const opened = Promise.withResolvers<void>();
    gate = opened.promise;
    try {
      const before = rehearsal.modal.images().flatMap(({ names }) => names);
      const building = start(["image", "build", "--force"], { HOME: scratch, ...rehearsal.env });
      await until("the build begins", () => building.stderr().includes("[1/5]"));
      building.child.kill("SIGINT");
      expect(await building.ended).toMatchObject({ code: 130, stdout: "" });
      expect(rehearsal.modal.images().flatMap(({ names }) => names)).toEqual(before);
    } finally {
      gate = undefined;
      opened.resolve();
    }
  });
});

describe("image ls", () => {
  it("lists what was built, and which is in use", async () => {
    expect((await cli(["build", "--force"])).code).toBe(0);
    const list = await cli(["ls", "--json"]);
    expect(list, list.stderr).toMatchObject({ code: 0 });
    const images: Record<string, unknown>[] = JSON.parse(list.stdout);
    expect(images.length).toBeGreaterThan(2);
    expect(images[0]).toEqual({
      name: "modal-gha-runner",
      tag: expect.stringMatching(/^mgha-2\.338\.0-\d{14}$/),
      imageId: expect.stringMatching(/^im-/),
      runnerVersion: "2.338.0",
      variant: "standard",
      builtAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      isCurrent: true,
      deprecatesAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(images.filter((image) => image["isCurrent"])).toHaveLength(1);
    const plain = await cli(["ls", "--name", "mine:1"], withoutGitHub);
    expect(plain.stdout).toMatch(
      /^mine\tmgha-2\.338\.0-\d{14}-docker\tcurrent\t2\.338\.0\tdocker\t[-\d]+ [:\d]+\t\tim-\w+\n$/,
    );
    expect(await cli(["ls", "--name", "nothing"], withoutGitHub)).toMatchObject({ code: 0, stdout: "" });
  });
});
