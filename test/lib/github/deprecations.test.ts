import { describe, expect, it } from "vitest";
import {
  deprecationState,
  describeDeprecation,
  readDeprecation,
  runnerScope,
} from "../../../src/lib/github/deprecations.ts";
import { connect, policyOf, worldWith } from "./support.ts";

const day = 24 * 3_600_000;

describe("readDeprecation", () => {
  it("reads until when a version gets jobs, of an organisation and of a repository", async () => {
    const world = await worldWith({ deprecatedRunnerVersions: ["2.300.0"] });
    const octokit = await connect(world);
    const now = world.time.ms;
    const current = await readDeprecation(octokit, { org: "acme" }, "2.338.0");
    expect(current).toMatchObject({ version: "2.338.0", registrationEndsAt: undefined });
    expect(deprecationState(current!, now)).toBe("good");
    const old = await readDeprecation(octokit, { owner: "acme", repo: "widgets" }, "2.300.0");
    expect(deprecationState(old!, now)).toBe("past");
  });

  it("knows no date where GitHub has none, and reads both where there are two", async () => {
    const world = await worldWith();
    const octokit = await connect(world);
    const answer = (status: number, body: unknown) => {
      world.answer = ({ url }) => (url.includes("/deprecations/") ? Response.json(body, { status }) : undefined);
    };
    answer(404, { message: "Not Found" });
    expect(await readDeprecation(octokit, { org: "acme" }, "2.338.0")).toBeUndefined();
    const dates = { runtime_deprecates_at: "2026-12-07T00:00:00Z", registration_deprecates_at: "2026-12-20T00:00:00Z" };
    answer(200, { runner_version: "2.337.0", ...dates });
    expect(await readDeprecation(octokit, { org: "acme" }, "2.337.0")).toEqual({
      version: "2.337.0",
      deprecatesAt: Date.parse("2026-12-07T00:00:00Z"),
      registrationEndsAt: Date.parse("2026-12-20T00:00:00Z"),
    });
    answer(403, { message: "Resource not accessible by integration" });
    await expect(readDeprecation(octokit, { org: "acme" }, "2.337.0")).rejects.toMatchObject({ status: 403 });
  });
});

describe("runnerScope", () => {
  it("is the organisation, a repository that the policy names, or one where the App is installed", async () => {
    const octokit = await connect(await worldWith());
    const scope = (github: string, more?: string) => runnerScope(octokit, policyOf(github, more), true);
    expect(await scope("{ owner: acme }")).toEqual({ org: "acme" });
    expect(await scope("{ owner: acme, scope: repository }")).toEqual({ owner: "acme", repo: "widgets" });
    const more = 'access: { repositories: ["acme/lib-*", "acme/app"] }';
    expect(await scope("{ owner: acme, scope: repository }", more)).toEqual({ owner: "acme", repo: "app" });
    const personal = policyOf("{ owner: acme, scope: repository }");
    expect(await runnerScope(octokit, personal, false)).toBeUndefined();
  });
});

describe("describeDeprecation", () => {
  const now = Date.UTC(2026, 10, 24);
  it.each([
    [31 * day, /^Runner 2\.338\.0 gets jobs until 2026-12-25, for 31 days more\.$/],
    [30 * day - 1, /^Warning: runner 2\.338\.0 gets no jobs from 2026-12-23 on, which is in 29 days\.$/],
    [day, /in 1 day\.$/],
    [0, /^Error: runner 2\.338\.0 is deprecated since 2026-11-24: GitHub gives it no jobs/],
    [-5 * day, /^Error: .* since 2026-11-19/],
  ])("with %i ms left", (left, words) => {
    const deprecation = { version: "2.338.0", deprecatesAt: now + left, registrationEndsAt: undefined };
    expect(describeDeprecation(deprecation, now)).toMatch(words);
  });
});
