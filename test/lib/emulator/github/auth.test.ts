import { createPrivateKey } from "node:crypto";
import { Octokit } from "@octokit/rest";
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { nextRsaKey } from "../../../../src/lib/emulator/github/keys.ts";
import type { GitHubEmulator } from "../../../../src/lib/emulator/github/server.ts";
import { appOctokitOf, buildWorkflow, emulatorWith, octokitOf, quiet, repo, runnerWith } from "./harness.ts";

const permissions = { actions: "read", organization_self_hosted_runners: "write" } as const;

async function tokenOf(github: GitHubEmulator, body: object = {}): Promise<string> {
  const { installationId: installation_id } = github.app;
  const { data } = await appOctokitOf(github).apps.createInstallationAccessToken({ installation_id, ...body });
  return data.token;
}

describe("a GitHub App", () => {
  test("signs in with its key, by App id or client id, under both base addresses", async () => {
    const github = await emulatorWith(buildWorkflow);
    for (const baseUrl of [github.url, `${github.url}/api/v3`]) {
      const octokit = appOctokitOf(github, baseUrl);
      expect((await octokit.apps.getAuthenticated()).data).toMatchObject({ id: github.app.id, slug: "acme-runners" });
      const { data } = await octokit.apps.getRepoInstallation(repo);
      expect(data).toMatchObject({ id: github.app.installationId, target_type: "Organization" });
      expect((await octokit.apps.getOrgInstallation({ org: "acme" })).data.id).toBe(data.id);
      expect((await octokit.apps.listInstallations()).data).toHaveLength(1);
      // With the installation's token, which the same Octokit asks for by itself.
      expect((await octokit.apps.listReposAccessibleToInstallation()).data.total_count).toBe(1);
    }
    expect((await jwtAnswer(github, { iss: github.app.clientId })).status).toBe(200);
  });

  test.each([
    ["expired", { exp: -10 }, /'exp'\) must be a numeric value representing the future time/],
    ["good for too long", { exp: 700 }, /'exp'\) is too far in the future/],
    ["issued in the future", { iat: 120 }, /'Issued at' claim \('iat'\)/],
    ["of another key", { foreign: true }, /A JSON web token could not be decoded/],
  ])("is refused with a token that is %s", async (_, fault, message) => {
    const github = await emulatorWith(buildWorkflow);
    const response = await jwtAnswer(github, fault);
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      message: expect.stringMatching(message),
      documentation_url: "https://docs.github.com/rest",
      status: "401",
    });
  });

  test("that does not exist is not found", async () => {
    const response = await jwtAnswer(await emulatorWith(buildWorkflow), { iss: "1" });
    expect([response.status, await response.json()]).toMatchObject([404, { message: "Integration not found" }]);
  });

  test("corrects a wrong clock by GitHub's", async () => {
    const ahead = 2 * 3_600_000;
    const github = await emulatorWith(buildWorkflow, { clock: () => new Date(Date.now() + ahead) });
    expect((await appOctokitOf(github).apps.getAuthenticated()).status).toBe(200);
  });
});

interface Fault {
  iss?: string;
  exp?: number;
  iat?: number;
  foreign?: boolean;
}

async function jwtAnswer(github: GitHubEmulator, { iss, exp = 60, iat = -60, foreign }: Fault): Promise<Response> {
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT()
    .setProtectedHeader({ alg: "RS256" })
    .setIssuer(iss ?? String(github.app.id))
    .setIssuedAt(now + iat)
    .setExpirationTime(now + exp)
    .sign(foreign ? await nextRsaKey() : createPrivateKey(github.app.privateKey));
  return fetch(`${github.url}/app`, { headers: { authorization: `Bearer ${token}` } });
}

describe("an installation token", () => {
  test("has the new form, the installation's permissions, and an hour to live", async () => {
    let now = new Date();
    const github = await emulatorWith(buildWorkflow, { clock: () => now });
    const { data } = await appOctokitOf(github).apps.createInstallationAccessToken({
      installation_id: github.app.installationId,
    });
    expect(data.token).toMatch(new RegExp(`^ghs_${github.app.id}_[A-Za-z0-9._]{500,}$`));
    expect(data.permissions).toMatchObject({ actions: "write", organization_self_hosted_runners: "write" });
    expect(Date.parse(data.expires_at) - now.getTime()).toBeCloseTo(3_600_000, -4);
    const octokit = octokitOf(github, data.token);
    expect((await octokit.repos.get(repo)).data.full_name).toBe("acme/widgets");
    now = new Date(now.getTime() + 3_600_000);
    await expect(octokit.repos.get(repo)).rejects.toMatchObject({
      status: 401,
      response: { data: { message: "Bad credentials", status: "401" } },
    });
  });

  test("may do what its permissions say and no more", async () => {
    const github = await emulatorWith(buildWorkflow, { app: { permissions } });
    const octokit = octokitOf(github, await tokenOf(github));
    expect((await octokit.actions.listSelfHostedRunnersForOrg({ org: "acme" })).data.total_count).toBe(0);
    const [run_id] = await github.trigger({ repository: "widgets", event: "push" });
    const refused = { status: 403, response: { data: { message: "Resource not accessible by integration" } } };
    await expect(octokit.actions.cancelWorkflowRun({ ...repo, run_id: run_id! })).rejects.toMatchObject(refused);
    await expect(octokit.actions.listSelfHostedRunnersForRepo(repo)).rejects.toMatchObject(refused);
  });

  test("can be asked for with less, not with more", async () => {
    const github = await emulatorWith(buildWorkflow, { app: { permissions } });
    const octokit = octokitOf(github, await tokenOf(github, { permissions: { actions: "read" } }));
    await expect(octokit.actions.listSelfHostedRunnersForOrg({ org: "acme" })).rejects.toMatchObject({ status: 403 });
    await expect(tokenOf(github, { permissions: { actions: "write" } })).rejects.toMatchObject({ status: 422 });
    await expect(tokenOf(github, { repositories: ["unknown"] })).rejects.toMatchObject({ status: 422 });
  });

  test("does not serve where the App must sign in itself", async () => {
    const github = await emulatorWith(buildWorkflow);
    const octokit = octokitOf(github, await tokenOf(github));
    await expect(octokit.apps.getAuthenticated()).rejects.toMatchObject({ status: 401 });
  });
});

describe("other callers", () => {
  test("wrong credentials are refused wherever they are shown", async () => {
    const github = await emulatorWith(buildWorkflow);
    await expect(octokitOf(github, "ghp_wrong").meta.get()).rejects.toMatchObject({
      status: 401,
      response: {
        data: { message: "Bad credentials", documentation_url: "https://docs.github.com/rest", status: "401" },
      },
    });
  });

  test("anonymous ones do not see a private repository, and may not write to a public one", async () => {
    const directory = import.meta.dirname;
    const repositories = [
      { name: "private", directory },
      { name: "public", directory, private: false },
    ];
    const github = await emulatorWith(buildWorkflow, { repositories });
    const octokit = new Octokit({ baseUrl: github.url, log: quiet });
    await expect(octokit.repos.get({ owner: "acme", repo: "private" })).rejects.toMatchObject({ status: 404 });
    const visible = { owner: "acme", repo: "public" };
    expect((await octokit.actions.listWorkflowRunsForRepo(visible)).data.total_count).toBe(0);
    await expect(octokit.actions.listSelfHostedRunnersForRepo(visible)).rejects.toMatchObject({
      status: 401,
      response: { data: { message: "Requires authentication" } },
    });
  });

  test("a personal access token is a user's", async () => {
    const github = await emulatorWith(buildWorkflow);
    expect((await octokitOf(github).users.getAuthenticated()).data.login).toBe("octocat");
    const own = await emulatorWith(buildWorkflow, { ownerType: "User" });
    expect((await octokitOf(own).users.getAuthenticated()).data.login).toBe("acme");
    expect((await appOctokitOf(own).apps.getUserInstallation({ username: "acme" })).data.target_type).toBe("User");
  });

  test("a job's token reads its repository while the job runs", async () => {
    const github = await emulatorWith(buildWorkflow);
    await github.trigger({ repository: "widgets", event: "push" });
    const job = await (await runnerWith(github, ["modal"])).take();
    const token = job.message.variables["system.github.token"]!.value;
    expect((await octokitOf(github, token).repos.get(repo)).status).toBe(200);
    await job.complete();
    await expect(octokitOf(github, token).repos.get(repo)).rejects.toMatchObject({ status: 401 });
  });
});
