import { describe, expect, it } from "vitest";
import { anonymousGitHub } from "../../../src/lib/github/client.ts";
import { findRunnerRelease, pinnedRelease, type ReleaseOptions } from "../../../src/lib/github/runner-releases.ts";
import { type World, worldWith } from "./support.ts";

const sha337 = "70920811a4f8ad4328818682bca5c6469c1c942fab52448868071d0063816613";

async function find(world: World | undefined, options: Partial<ReleaseOptions> = {}) {
  const notes: string[] = [];
  // Nothing listens at port 9.
  const octokit = anonymousGitHub(world?.emulator.url ?? "http://127.0.0.1:9");
  const outcome = await findRunnerRelease({ octokit, onNote: (text) => notes.push(text), ...options }).catch(
    (error: Error) => `${error.name}: ${error.message}`,
  );
  return { outcome, notes };
}

function answering(world: World, status: number, body: unknown): void {
  world.answer = ({ url }) => (url.includes("/releases/") ? Response.json(body, { status }) : undefined);
}

describe("findRunnerRelease", () => {
  it("takes the newest release, or the one asked for, by the digest that GitHub has", async () => {
    const world = await worldWith();
    const newest = { version: "2.338.0", sha256: pinnedRelease.sha256, source: "github" };
    expect(await find(world)).toEqual({ outcome: newest, notes: [] });
    const older = { version: "2.337.0", sha256: sha337, source: "github" };
    expect(await find(world, { version: "v2.337.0" })).toEqual({ outcome: older, notes: [] });
    expect(await find(world, { version: "2.337.0", sha256: `sha256:${sha337.toUpperCase()}` })).toEqual({
      outcome: older,
      notes: [],
    });
    expect(world.requests.map(({ authorization }) => authorization)).toEqual(["", "", ""]);
  });

  it("refuses a checksum that is not GitHub's", async () => {
    const { outcome } = await find(await worldWith(), { version: "2.337.0", sha256: "0".repeat(64) });
    expect(outcome).toBe(
      `ReleaseError: The SHA-256 of runner 2.337.0 is ${sha337} as GitHub says, not the given ${"0".repeat(64)}.`,
    );
  });

  it("reads the checksum from the release's text where the file has none, and takes no two", async () => {
    const world = await worldWith();
    const file = (digest: string | null) => ({ name: "actions-runner-linux-x64-2.400.0.tar.gz", digest });
    const text = (digit: string) => `<!-- BEGIN SHA linux-x64 -->${digit.repeat(64)}<!-- END SHA linux-x64 -->`;
    const answer = (digest: string | null, body: string) =>
      answering(world, 200, { tag_name: "v2.400.0", body, assets: [file(digest)] });
    answer(null, text("a"));
    expect((await find(world)).outcome).toMatchObject({ version: "2.400.0", sha256: "a".repeat(64) });
    answer(`sha256:${"b".repeat(64)}`, text("a"));
    expect((await find(world)).outcome).toMatch(/^ReleaseError: GitHub names two SHA-256 of runner 2\.400\.0/);
    answer(null, "");
    expect((await find(world)).outcome).toMatch(/^ReleaseError: GitHub names no SHA-256/);
  });

  it("takes the pinned release where GitHub cannot be asked, and says so", async () => {
    const pinned = { ...pinnedRelease, source: "pinned" };
    const offline = await find(undefined);
    expect(offline.outcome).toEqual(pinned);
    expect(offline.notes).toEqual([
      expect.stringMatching(/^Runner 2\.338\.0 is taken, which may not be the newest: .*reached/),
    ]);
    const world = await worldWith();
    answering(world, 403, { message: "API rate limit exceeded" });
    const limited = await find(world, { version: "2.338.0" });
    expect(limited.outcome).toEqual(pinned);
    expect(limited.notes[0]).toContain("GitHub answered 403 (API rate limit exceeded");
  });

  it("takes another version only with its checksum", async () => {
    expect((await find(undefined, { version: "2.337.0" })).outcome).toMatch(
      /^ReleaseError: The SHA-256 of runner 2\.337\.0 is not known\. GitHub could not be asked/,
    );
    const given = await find(undefined, { version: "2.337.0", sha256: sha337 });
    expect(given.outcome).toEqual({ version: "2.337.0", sha256: sha337, source: "given" });
    expect(given.notes[0]).toMatch(/was not compared with GitHub's/);
    expect((await find(await worldWith(), { version: "2.1.1" })).outcome).toBe(
      "ReleaseError: The SHA-256 of runner 2.1.1 is not known. GitHub knows no release v2.1.1 of actions/runner.",
    );
  });

  it.each([
    [{ version: "newest" }, "is no version of the runner"],
    [{ version: "2.338.0", sha256: "abc" }, "is no SHA-256"],
  ])("refuses %j before it asks anybody", async (options, message) => {
    expect((await find(undefined, options)).outcome).toContain(message);
  });
});
