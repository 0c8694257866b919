// `init --auth pat`: a token in an App's place, and webhooks of the organisation or of repositories.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bin, isWriting, resultOf, runJob, siteWith, statesOf } from "./site.ts";

describe.runIf(bin !== undefined)("init --auth pat", { timeout: 180_000 }, () => {
  it("sets up a repository's webhook, and changes nothing when it is run again", async () => {
    const site = await siteWith({ ownerType: "User" });
    const args = ["--auth", "pat", "--owner", "acme", "--repository", "acme/app", "--json"];
    const token = { GITHUB_TOKEN: "", MODAL_GHA_GITHUB_TOKEN: site.github.token };
    const first = await site.init(args, token);
    expect(statesOf(first)).toMatchObject({
      github: "done",
      secrets: "made",
      webhook: "made",
      installation: "skipped",
      verification: "done",
    });
    expect(resultOf(first)).toMatchObject({ auth: "pat", appId: null });
    expect(site.secret.get("MODAL_GHA_GITHUB_TOKEN")).toBe(site.github.token);
    expect(site.secret.has("MODAL_GHA_PRIVATE_KEY")).toBe(false);
    expect(await runJob(site)).toEqual(["success"]);

    site.calls.length = 0;
    // What the fleet is to GitHub is known by now.
    const second = await site.init(["--json"], token);
    expect(resultOf(second)).toMatchObject({ auth: "pat", changed: false });
    expect(site.calls.filter(isWriting)).toEqual([]);
    expect(await runJob(site)).toEqual(["success", "success"]);
  });

  it("sets up an organisation's webhook, with a token from a file, and mends one that was taken away", async () => {
    const site = await siteWith();
    const file = join(site.folder, "token");
    writeFileSync(file, `${site.github.token}\n`);
    const args = ["--auth", "pat", "--owner", "acme", "--token-file", file, "--json"];
    expect(statesOf(await site.init(args, { GITHUB_TOKEN: "" }))).toMatchObject({ webhook: "made" });
    expect(await runJob(site)).toEqual(["success"]);
    const headers = { authorization: `Bearer ${site.github.token}` };
    const [hook] = (await (await fetch(`${site.github.url}/orgs/acme/hooks`, { headers })).json()) as { id: number }[];
    await fetch(`${site.github.url}/orgs/acme/hooks/${hook?.id}`, { method: "DELETE", headers });
    expect(statesOf(await site.init(args, { GITHUB_TOKEN: "" }))).toMatchObject({ secrets: "made", webhook: "made" });
    expect(await runJob(site)).toEqual(["success", "success"]);
  });

  it("replaces neither an App by a token nor a token by an App unasked", async () => {
    const site = await siteWith();
    expect((await site.init(["--owner", "acme", ...site.app])).code).toBe(0);
    site.calls.length = 0;
    const token = await site.init(["--auth", "pat"]);
    expect(token).toMatchObject({ code: 1, stdout: "" });
    expect(token.stderr).toMatch(/runs with a GitHub App[\s\S]*--auth app/);
    expect(site.calls.filter(isWriting)).toEqual([]);

    expect((await site.init(["--auth", "pat", "--rotate"])).code).toBe(0);
    expect(await runJob(site)).toEqual(["success"]);
    const app = await site.init(["--auth", "app"]);
    expect(app.stderr).toMatch(/runs with a token in place of an App[\s\S]*--auth pat/);
  });
});

describe("a token for init", () => {
  it("that lacks rights is refused, with what it lacks, before anything is made for it", async () => {
    const site = await siteWith({ github: { token: { scopes: ["repo"] } } });
    const run = await site.init(["--auth", "pat", "--owner", "acme"]);
    expect(run).toMatchObject({ code: 4, stdout: "" });
    expect(run.stderr).toMatch(/The token lacks admin:org, admin:org_hook/);
    expect(site.calls.filter(isWriting)).toEqual([]);
  });
});
