import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { verify } from "@octokit/webhooks-methods";
import { describe, expect, test } from "vitest";
import { appOctokitOf, buildWorkflow, emulatorWith, eventOf, octokitOf, repo, webhookReceiver } from "./harness.ts";

type Json = Record<string, unknown>;

/** GitHub's own ping events of webhooks of one type. */
function pingsOf(type: string): (Json & { hook: Json })[] {
  const file = fileURLToPath(import.meta.resolve("@octokit/webhooks-examples/api.github.com/index.json"));
  const events = JSON.parse(readFileSync(file, "utf8")) as { name: string; examples: (Json & { hook: Json })[] }[];
  return (events.find(({ name }) => name === "ping")?.examples ?? []).filter(({ hook }) => hook["type"] === type);
}

async function hookWorld() {
  const receiver = await webhookReceiver();
  const github = await emulatorWith(buildWorkflow, { app: { webhookUrl: "" } });
  return { receiver, github, octokit: octokitOf(github) };
}

describe.each([
  { type: "Repository", target: "repository", place: "/repos/acme/widgets" },
  { type: "Organization", target: "organization", place: "/orgs/acme" },
])("webhooks of $place", ({ type, target, place }) => {
  test("ping when they are made, and then bring events, signed and with GitHub's headers", async () => {
    const { receiver, github, octokit } = await hookWorld();
    const config = { url: receiver.url, secret: "hush", content_type: "json", insecure_ssl: "0" };
    const events = ["workflow_job"];
    const { status, data: hook, headers } = await octokit.request(`POST ${place}/hooks`, { config, events });
    expect([status, headers.location]).toEqual([201, hook.url]);
    expect(hook).toMatchObject({ type, name: "web", active: true, config: { ...config, secret: "********" } });
    await github.trigger({ repository: "widgets", event: "push" });
    const [ping, job] = await receiver.take(2);
    for (const webhook of [ping!, job!]) {
      expect(await verify("hush", webhook.body, String(webhook.headers["x-hub-signature-256"]))).toBe(true);
      expect(webhook.headers).toMatchObject({
        "x-github-hook-id": String(hook.id),
        "x-github-hook-installation-target-type": target,
        "x-github-hook-installation-target-id": expect.stringMatching(/^\d+$/),
      });
    }
    expect(job!.headers["x-github-event"]).toBe("workflow_job");
    const payload = JSON.parse(job!.body) as Json;
    expect(payload).toMatchObject({ action: "queued", repository: { full_name: "acme/widgets" } });
    expect(payload).not.toHaveProperty("installation");
    const sent = JSON.parse(ping!.body) as Json & { hook: Json };
    expect(pingsOf(type).length).toBeGreaterThan(0);
    for (const { hook: own, ...example } of pingsOf(type)) {
      expect(Object.keys(sent)).toEqual(expect.arrayContaining(Object.keys(example)));
      const { app_id: _, ...members } = own;
      expect(Object.keys(sent.hook)).toEqual(expect.arrayContaining(Object.keys(members)));
    }
  });

  test("ping on request, and keep a log of deliveries that can be sent again", async () => {
    const { receiver, github, octokit } = await hookWorld();
    const logged = () => eventOf(github, ({ type }) => type === "delivery");
    const first = logged();
    const config = { url: receiver.url, content_type: "json" };
    const { data: hook } = await octokit.request(`POST ${place}/hooks`, { config, events: ["workflow_job"] });
    await first;
    const second = logged();
    expect((await octokit.request(`POST ${place}/hooks/${hook.id}/pings`)).status).toBe(204);
    await second;
    const [, ping] = await receiver.take(2);
    const { data: deliveries } = await octokit.request(`GET ${place}/hooks/${hook.id}/deliveries`);
    expect(deliveries).toMatchObject([
      { guid: ping!.headers["x-github-delivery"], event: "ping", installation_id: null, status: "OK" },
      { event: "ping", redelivery: false },
    ]);
    const path = `${place}/hooks/${hook.id}/deliveries/${deliveries[0].id}`;
    expect((await octokit.request(`POST ${path}/attempts`)).status).toBe(202);
    const [, , again] = await receiver.take(3);
    expect(again!.headers["x-github-delivery"]).toBe(ping!.headers["x-github-delivery"]);
    expect((await octokit.request(`GET ${path}`)).data).toMatchObject({ url: receiver.url, status_code: 200 });
  });

  test("are listed, changed and deleted; a whole configuration takes the old one's place, secret and all", async () => {
    const { receiver, github, octokit } = await hookWorld();
    const pinged = eventOf(github, ({ type }) => type === "delivery");
    const config = { url: receiver.url, secret: "hush", content_type: "json" };
    const { data: hook } = await octokit.request(`POST ${place}/hooks`, { config, events: ["workflow_job"] });
    const path = `${place}/hooks/${hook.id}`;
    const double = octokit.request(`POST ${place}/hooks`, { config, events: ["workflow_job"] });
    await expect(double).rejects.toMatchObject({ status: 422, message: expect.stringContaining("already exists on") });
    const blank = octokit.request(`POST ${place}/hooks`, { config: {}, events: ["push"] });
    await expect(blank).rejects.toMatchObject({ status: 422, message: expect.stringContaining("url cannot be blank") });

    await octokit.request(`PATCH ${path}/config`, { data: { secret: "new" } });
    expect((await octokit.request(`GET ${path}/config`)).data).toMatchObject({
      content_type: "json",
      secret: "********",
    });
    const changed = await octokit.request(`PATCH ${path}`, { config: { url: receiver.url }, events: ["push"] });
    expect(changed.data).toMatchObject({ events: ["push"], config: { content_type: "form" } });
    expect(changed.data.config).not.toHaveProperty("secret");
    expect((await octokit.request(`GET ${place}/hooks`)).data).toEqual([changed.data]);
    await pinged;
    await github.trigger({ repository: "widgets", event: "push" });
    expect((await octokit.request(`DELETE ${path}`)).status).toBe(204);
    await expect(octokit.request(`GET ${path}`)).rejects.toMatchObject({ status: 404 });
    expect(github.state().deliveries.map(({ event }) => event)).toEqual(["ping"]);
  });
});

test("an address that GitHub cannot reach is refused", async () => {
  const github = await emulatorWith(buildWorkflow, { refuseLoopbackHooks: true });
  const made = octokitOf(github).repos.createWebhook({ ...repo, config: { url: "http://127.0.0.1:9/" } });
  await expect(made).rejects.toMatchObject({ status: 422, message: expect.stringContaining("isn't reachable") });
});

describe("a personal access token", () => {
  test("that is classic tells its scopes with every answer, and may do what they allow", async () => {
    const github = await emulatorWith(buildWorkflow, { token: { scopes: ["repo"] } });
    const octokit = octokitOf(github);
    expect((await octokit.repos.get(repo)).headers["x-oauth-scopes"]).toBe("repo");
    expect((await octokit.repos.listWebhooks(repo)).data).toEqual([]);
    await expect(octokit.orgs.listWebhooks({ org: "acme" })).rejects.toMatchObject({ status: 404 });
    const runners = octokit.actions.listSelfHostedRunnersForOrg({ org: "acme" });
    await expect(runners).rejects.toMatchObject({ status: 403, message: expect.stringContaining("admin rights") });
  });

  test("without the scope for repositories does not see private ones", async () => {
    const octokit = octokitOf(await emulatorWith(buildWorkflow, { token: { scopes: ["admin:org"] } }));
    await expect(octokit.repos.get(repo)).rejects.toMatchObject({ status: 404 });
    expect((await octokit.repos.listForAuthenticatedUser()).data).toEqual([]);
  });

  test("that is fine-grained has no scopes; GitHub names the permission it lacks", async () => {
    const github = await emulatorWith(buildWorkflow, { token: { permissions: { repository_hooks: "read" } } });
    const octokit = octokitOf(github);
    const { data, headers } = await octokit.repos.listForAuthenticatedUser();
    expect([data.length, headers["x-oauth-scopes"]]).toEqual([1, undefined]);
    expect((await octokit.repos.listWebhooks(repo)).data).toEqual([]);
    await expect(
      octokit.repos.createWebhook({ ...repo, config: { url: "https://example.com" } }),
    ).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining("Resource not accessible by personal access token"),
      response: { headers: { "x-accepted-github-permissions": "repository_hooks=write" } },
    });
  });
});

describe("an installation", () => {
  test("that is suspended has no use of its tokens, and hears of no jobs", async () => {
    const receiver = await webhookReceiver();
    const github = await emulatorWith(buildWorkflow, { app: { webhookUrl: receiver.url } });
    const octokit = appOctokitOf(github);
    const { installationId: installation_id } = github.app;
    await octokit.apps.listReposAccessibleToInstallation();
    await octokit.apps.suspendInstallation({ installation_id });
    await receiver.take(1);
    await github.trigger({ repository: "widgets", event: "push" });
    expect((await octokit.apps.getOrgInstallation({ org: "acme" })).data.suspended_by).toMatchObject({
      login: "octocat",
    });
    const suspended = { status: 403, message: expect.stringContaining("This installation has been suspended") };
    await expect(octokit.apps.listReposAccessibleToInstallation()).rejects.toMatchObject(suspended);
    await expect(octokit.apps.createInstallationAccessToken({ installation_id })).rejects.toMatchObject(suspended);
    await octokit.apps.unsuspendInstallation({ installation_id });
    expect((await octokit.apps.listReposAccessibleToInstallation()).data.total_count).toBe(1);
    await github.trigger({ repository: "widgets", event: "push" });
    const actions = (await receiver.take(3)).map(({ body }) => (JSON.parse(body) as Json)["action"]);
    expect(actions.toSorted()).toEqual(["queued", "suspend", "unsuspend"]);
  });

  test("that is deleted is gone with its tokens, and can be made again", async () => {
    const github = await emulatorWith(buildWorkflow);
    const octokit = appOctokitOf(github);
    const { installationId: installation_id, slug } = github.app;
    const { data } = await octokit.apps.createInstallationAccessToken({ installation_id });
    expect((await octokit.apps.deleteInstallation({ installation_id })).status).toBe(204);
    expect(github.app.installationId).toBe(0);
    await expect(octokit.apps.getOrgInstallation({ org: "acme" })).rejects.toMatchObject({ status: 404 });
    await expect(octokitOf(github, data.token).repos.get(repo)).rejects.toMatchObject({ status: 401 });
    await fetch(`${github.url}/apps/${slug}/installations/new`, { method: "POST" });
    expect(github.app.installationId).toBeGreaterThan(installation_id);
  });

  test("keeps the permissions that were accepted until the App's new ones are", async () => {
    const github = await emulatorWith(buildWorkflow, { app: { permissions: { actions: "read" } } });
    const octokit = appOctokitOf(github);
    github.changeApp({ permissions: { actions: "write", administration: "write" } });
    const permissions = async () => ({
      app: (await octokit.apps.getAuthenticated()).data?.permissions,
      installation: (await octokit.apps.getOrgInstallation({ org: "acme" })).data.permissions,
    });
    const asked = { actions: "write", administration: "write", metadata: "read" };
    expect(await permissions()).toEqual({ app: asked, installation: { actions: "read", metadata: "read" } });
    github.acceptPermissions();
    expect(await permissions()).toEqual({ app: asked, installation: asked });
  });
});
