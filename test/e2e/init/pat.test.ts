// `init --auth pat`: a token in an App's place, and webhooks of the organisation or of repositories.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { writeSecret } from "../../../src/lib/modal/secrets.ts";
import { bin, connectionTo, isWriting, resultOf, runJob, siteWith, statesOf } from "./site.ts";

describe.runIf(bin !== undefined)("init --auth pat", { timeout: 600_000 }, () => {
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
    const stored = await site.start(["config", "get", "githubAppId", "--json"]).ended;
    expect(JSON.parse(stored.stdout)).toMatchObject({ isSet: false });
    expect(await runJob(site)).toEqual(["success"]);
    const app = await site.init(["--auth", "app"]);
    expect(app.stderr).toMatch(/runs with a token in place of an App[\s\S]*--auth pat/);
  });

  it("leaves out repositories that are archived or not the token's, and comes to its end with the others", async () => {
    const hidden = () => Response.json({ message: "Not Found" }, { status: 404 });
    const readOnly = () => Response.json({ message: "Repository was archived so is read-only." }, { status: 403 });
    const site = await siteWith({
      ownerType: "User",
      github: {
        intercept: async (request, answer) => {
          const { pathname } = new URL(request.url);
          if (pathname.startsWith("/repos/acme/closed/")) return hidden();
          if (pathname.startsWith("/repos/acme/frozen/hooks")) {
            return request.method === "GET" ? Response.json([]) : readOnly();
          }
          if (pathname.startsWith("/repos/acme/frozen/")) return hidden();
          if (pathname !== "/user/repos") return answer();
          const [app] = (await (await answer()).json()) as object[];
          const others = [
            { full_name: "acme/old", archived: true },
            { full_name: "acme/theirs", permissions: { admin: false } },
            { full_name: "acme/closed" },
            { full_name: "acme/frozen" },
          ];
          return Response.json([...others.map((other, index) => ({ ...app, id: 900 + index, ...other })), app]);
        },
      },
    });
    const args = ["--auth", "pat", "--owner", "acme", "--scope", "repository", "--repository", "acme/*"];
    const first = await site.init([...args, "--json"]);
    expect(statesOf(first)).toMatchObject({ webhook: "made", verification: "done" });
    expect(first.stderr).toContain("the token may not set up webhooks of acme/closed, acme/frozen: jobs there");
    expect(site.calls.filter(({ name }) => /acme.(old|theirs)/.test(name))).toEqual([]);
    expect(await runJob(site)).toEqual(["success"]);

    // What the policy names in full is not passed over.
    writeFileSync(
      site.policyFile,
      readFileSync(site.policyFile, "utf8").replace('["acme/*"]', '["acme/*", "acme/frozen"]'),
    );
    const named = await site.init(["--rotate"]);
    expect(named).toMatchObject({ code: 4, stdout: "" });
    expect(named.stderr).toMatch(/The token (may not set up the webhook of|lacks).*acme\/frozen/);
  });

  it("gives a fleet no other token unasked where a webhook is missing", async () => {
    const site = await siteWith({ ownerType: "User" });
    const args = ["--auth", "pat", "--owner", "acme", "--repository", "acme/app"];
    expect((await site.init(args)).code).toBe(0);
    // The fleet's own is another one, as far as its Secret tells.
    const { client, close } = await connectionTo(site);
    onTestFinished(close);
    const mark = [...site.secret.keys()].find((key) => key.startsWith("MODAL_GHA_SETUP_OF_TOKEN_")) as string;
    await writeSecret(client, "acme", { [mark]: undefined, MODAL_GHA_SETUP_OF_TOKEN_0123456789AB: "1" });
    const headers = { authorization: `Bearer ${site.github.token}` };
    const hooks = `${site.github.url}/repos/acme/app/hooks`;
    const [hook] = (await (await fetch(hooks, { headers })).json()) as { id: number }[];
    await fetch(`${hooks}/${hook?.id}`, { method: "DELETE", headers });
    site.calls.length = 0;
    const run = await site.init(["--json"]);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: { code: "other-token" } });
    expect(run.stdout).toContain("--rotate");
    expect(site.calls.filter(isWriting)).toEqual([]);
    expect((await site.init(["--rotate"])).code).toBe(0);
    expect(await runJob(site)).toEqual(["success"]);
  });

  it("takes the place of several Apps, by init or by deploy, and leaves nothing of theirs", async () => {
    const site = await siteWith();
    expect((await site.init(["--owner", "acme", ...site.app])).code).toBe(0);
    const { client, close } = await connectionTo(site);
    onTestFinished(close);
    const ofOthers = { MODAL_GHA_APP_ID_2: "2", MODAL_GHA_PRIVATE_KEY_2: "key", MODAL_GHA_WEBHOOK_SECRET_2: "secret" };
    await writeSecret(client, "acme", ofOthers);
    const rotated = await site.init(["--auth", "pat", "--rotate", "--json"]);
    expect(statesOf(rotated)).toMatchObject({ secrets: "made", verification: "done" });
    const left = () => [...site.secret.keys()].filter((key) => /_(APP_ID|PRIVATE_KEY|SECRET)(_\d+)?$/.test(key)).sort();
    const kept = ["MODAL_GHA_MODAL_TOKEN_SECRET", "MODAL_GHA_WEBHOOK_SECRET"];
    expect(left()).toEqual(kept);

    await writeSecret(client, "acme", { MODAL_GHA_APP_ID: "1", MODAL_GHA_PRIVATE_KEY: "key", ...ofOthers });
    const token = { MODAL_GHA_GITHUB_TOKEN: site.github.token };
    const deployed = await site.start(["deploy", "--update-secret"], token).ended;
    expect(deployed, deployed.stderr).toMatchObject({ code: 0 });
    expect(left()).toEqual(kept);
    expect(await runJob(site)).toEqual(["success"]);
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
