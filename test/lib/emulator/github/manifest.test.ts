import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { describe, expect, test } from "vitest";
import type { GitHubEmulator } from "../../../../src/lib/emulator/github/server.ts";
import { buildWorkflow, emulatorWith, octokitOf, quiet, webhookReceiver } from "./harness.ts";

const manifest = {
  name: "Fleet of acme",
  url: "https://example.com",
  redirect_url: "http://127.0.0.1:9/callback",
  setup_url: "http://127.0.0.1:9/installed",
  default_events: ["workflow_job"],
  default_permissions: { actions: "write", organization_self_hosted_runners: "write" },
};

function submit(url: string, fields: Record<string, string>): Promise<Response> {
  return fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
}

/** Fills in and submits the one form of a page, as a person would. */
async function submitFormOf(page: Response): Promise<Response> {
  const html = await page.text();
  const action = /<form[^>]* action="([^"]*)"/.exec(html)?.[1] ?? page.url;
  const plain = (text: string) => text.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  const fields = [...html.matchAll(/<input[^>]* name="([^"]*)" value="([^"]*)"/g)];
  const values = Object.fromEntries(fields.map(([, name, value]) => [name, plain(value ?? "")]));
  return submit(new URL(action, page.url).toString(), values);
}

async function ask(github: GitHubEmulator, given: object): Promise<Response> {
  const url = `${github.url}/organizations/acme/settings/apps/new?state=s1`;
  return submit(url, { manifest: JSON.stringify(given) });
}

describe("the manifest flow", () => {
  test("makes an App, hands out its secrets once, and installs it", async () => {
    const receiver = await webhookReceiver();
    const github = await emulatorWith(buildWorkflow);
    const page = await ask(github, { ...manifest, hook_attributes: { url: receiver.url } });
    expect(await page.clone().text()).toContain("Create GitHub App for acme");
    const redirect = new URL((await submitFormOf(page)).headers.get("location")!);
    expect(redirect.href).toMatch(/^http:\/\/127\.0\.0\.1:9\/callback\?/);
    expect(redirect.searchParams.get("state")).toBe("s1");
    expect((await receiver.take(1))[0]!.headers["x-github-event"]).toBe("ping");

    const code = redirect.searchParams.get("code")!;
    const anonymous = new Octokit({ baseUrl: github.url, log: quiet });
    const { status, data: app } = await anonymous.apps.createFromManifest({ code });
    expect(status).toBe(201);
    expect(app).toMatchObject({
      slug: "fleet-of-acme",
      name: "Fleet of acme",
      owner: { login: "acme" },
      events: ["workflow_job"],
      permissions: { actions: "write", metadata: "read" },
      pem: expect.stringMatching(/^-----BEGIN RSA PRIVATE KEY-----/),
      webhook_secret: expect.any(String),
      client_secret: expect.any(String),
    });
    await expect(anonymous.apps.createFromManifest({ code })).rejects.toMatchObject({ status: 404 });

    const auth = { appId: app.id, privateKey: app.pem };
    const octokit = new Octokit({ baseUrl: github.url, authStrategy: createAppAuth, auth, log: quiet });
    expect((await octokit.apps.listInstallations()).data).toEqual([]);
    const install = await fetch(`${github.url}/apps/fleet-of-acme/installations/new`);
    const installed = new URL((await submitFormOf(install)).headers.get("location")!);
    const { data: installations } = await octokit.apps.listInstallations();
    expect(Object.fromEntries(installed.searchParams)).toEqual({
      installation_id: String(installations[0]!.id),
      setup_action: "install",
    });

    await github.trigger({ repository: "widgets", event: "push" });
    const [, created, job] = await receiver.take(3);
    expect([created!.headers["x-github-event"], job!.headers["x-github-event"]].sort()).toEqual([
      "installation",
      "workflow_job",
    ]);
  });

  test("an App without hook attributes has no webhook secret", async () => {
    const github = await emulatorWith(buildWorkflow);
    const page = await submit(`${github.url}/settings/apps/new`, { manifest: JSON.stringify(manifest) });
    const redirect = new URL((await submitFormOf(page)).headers.get("location")!);
    const code = redirect.searchParams.get("code")!;
    const { data } = await octokitOf(github).apps.createFromManifest({ code });
    expect(data).toMatchObject({ webhook_secret: null, owner: { login: "octocat" } });
  });

  test("refuses a name that is too long, or taken", async () => {
    const github = await emulatorWith(buildWorkflow);
    const create = async (name: string) => {
      const body = new URLSearchParams({ name, manifest: JSON.stringify(manifest) });
      const page = await fetch(`${github.url}/settings/apps`, { method: "POST", body, redirect: "manual" });
      return [page.status, await page.text()];
    };
    expect(await create("x".repeat(35))).toEqual([422, expect.stringContaining("maximum is 34 characters")]);
    expect(await create("Acme Runners")).toEqual([422, expect.stringContaining("Name is already taken")]);
    expect(await create("x".repeat(34))).toEqual([302, ""]);
  });

  test.each([
    ["no address", { url: undefined }, "url wasn&#39;t supplied"],
    ["a hook without an address", { hook_attributes: {} }, "hook_attributes.url wasn&#39;t supplied"],
    ["an event without its permission", { default_permissions: {} }, "not supported by permissions: workflow_job"],
    ["an unreachable hook", { hook_attributes: { url: "http://127.0.0.1:9/", active: false } }, "isn&#39;t reachable"],
  ])("refuses %s", async (_, change, message) => {
    const github = await emulatorWith(buildWorkflow, { refuseLoopbackHooks: true });
    const page = await ask(github, { ...manifest, ...change });
    expect([page.status, await page.text()]).toEqual([422, expect.stringContaining(message)]);
  });
});
