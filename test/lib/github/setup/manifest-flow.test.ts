import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:net";
import { verify } from "@octokit/webhooks-methods";
import { describe, expect, it, onTestFinished } from "vitest";
import type { GitHubEmulatorOptions } from "../../../../src/lib/emulator/github/options.ts";
import type { GitHubEmulator } from "../../../../src/lib/emulator/github/server.ts";
import { readApp } from "../../../../src/lib/github/setup/app.ts";
import { appManifest } from "../../../../src/lib/github/setup/manifest.ts";
import { createAppByManifest, type ManifestFlowOptions } from "../../../../src/lib/github/setup/manifest-flow.ts";
import { buildWorkflow, emulatorWith, webhookReceiver } from "../../emulator/github/harness.ts";
import { freePort, manifest, type Shown, show, submit, wish } from "./support.ts";

/** The flow, begun, and the address that it wants opened. */
async function begin(github: GitHubEmulator, more: Partial<ManifestFlowOptions> = {}) {
  const opened = Promise.withResolvers<string>();
  const created = createAppByManifest({
    apiUrl: github.url,
    webUrl: github.url,
    owner: "acme",
    ownerType: "Organization",
    manifest,
    onUrl: opened.resolve,
    openBrowser: async () => undefined,
    ...more,
  });
  const outcome = created.then(
    (app) => ({ app, error: undefined }),
    (error: unknown) => ({ app: undefined, error }),
  );
  const url = await Promise.race([opened.promise, created.then(() => "")]);
  return { url, outcome };
}

/** From our page over GitHub's to the address that GitHub sends the browser to. */
async function throughGitHub(url: string, name?: string): Promise<URL> {
  const asked = await submit(await show(url));
  const { html } = asked;
  const fields = [...html.matchAll(/<input[^>]* name="([^"]*)" value="([^"]*)"/g)];
  const values = Object.fromEntries(fields.map(([, key, value]) => [key, value!.replaceAll("&quot;", '"')]));
  const body = new URLSearchParams(values);
  if (name) body.set("name", name);
  const action = new URL(/action="([^"]*)"/.exec(html)![1]!, asked.url);
  const sent = await fetch(action, { method: "POST", body, redirect: "manual" });
  return new URL(sent.headers.get("location")!);
}

const isConversion = (sent: Request) => sent.url.includes("/conversions");
const world = (options: Partial<GitHubEmulatorOptions> = {}) => emulatorWith(buildWorkflow, options);

describe("the manifest flow", () => {
  it("brings the App and its keys, shows none of them, and ends its server", async () => {
    const receiver = await webhookReceiver();
    const github = await world();
    const own = appManifest({ ...wish, hookUrl: receiver.url });
    const { url, outcome } = await begin(github, { manifest: own });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const start = await show(url);
    const asked = await submit(start);
    expect(asked.html).toContain(own.name);
    const done: Shown = await submit(asked, { name: "Rockets of acme" });
    const { app, error } = await outcome;
    expect(error).toBeUndefined();
    expect(app).toMatchObject({
      slug: "rockets-of-acme",
      name: "Rockets of acme",
      owner: "acme",
      htmlUrl: `${github.url}/apps/rockets-of-acme`,
      clientId: expect.stringMatching(/^Iv/),
    });
    expect(done).toMatchObject({ status: 200, html: expect.stringContaining("go back to the terminal") });
    expect(done.html).toContain(`href="${app!.htmlUrl}/installations/new"`);
    const { appId, privateKey, webhookSecret } = app!;
    for (const { html, url: address } of [start, asked, done]) {
      for (const secret of [webhookSecret!, privateKey, privateKey.split("\n")[1]!]) {
        expect(html + address).not.toContain(secret);
      }
    }
    await expect(fetch(url)).rejects.toThrow();

    const facts = await readApp({ apiUrl: github.url, appId, privateKey });
    expect(facts.permissions).toEqual(own.default_permissions);
    expect(facts.events).toEqual(["workflow_job"]);
    expect(facts.hook).toEqual({ url: receiver.url, contentType: "json", hasSecret: true, isInsecure: false });
    const [ping] = await receiver.take(1);
    expect(await verify(webhookSecret!, ping!.body, String(ping!.headers["x-hub-signature-256"]))).toBe(true);
  });

  it("protects its pages, and lets scripts run only by a nonce of their own", async () => {
    const abort = new AbortController();
    const github = await world();
    const { url, outcome } = await begin(github, { signal: abort.signal });
    const [one, other] = [await show(url), await show(url)];
    expect(Object.fromEntries(one.headers)).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    const policy = one.headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain(`form-action ${github.url} https:`);
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)![1]!;
    expect(one.html).toContain(`<script nonce="${nonce}">document.forms[0].submit()</script>`);
    expect(other.html).not.toContain(nonce);
    abort.abort();
    await outcome;
  });

  it("escapes what it shows", async () => {
    const abort = new AbortController();
    const name = "<b>\"&'</b>";
    const { url, outcome } = await begin(await world(), { signal: abort.signal, manifest: { ...manifest, name } });
    const { html } = await show(url);
    expect(html).toContain("&lt;b&gt;&quot;&amp;&#39;&lt;/b&gt;");
    expect(html).not.toContain("<b>");
    abort.abort();
    await outcome;
  });

  it("has a new state of 128 bits each time, and refuses any other without giving up", async () => {
    const github = await world();
    const { url, outcome } = await begin(github);
    const callback = await throughGitHub(url);
    const state = callback.searchParams.get("state")!;
    expect(state).toMatch(/^[0-9a-f]{32}$/);
    const wrong = new URL(callback);
    wrong.searchParams.set(
      "state",
      state.replace(/^./, (first) => (first === "0" ? "1" : "0")),
    );
    const without = new URL(callback);
    without.searchParams.delete("state");
    const noCode = new URL(callback);
    noCode.searchParams.delete("code");
    for (const each of [wrong, without, noCode]) expect((await show(each.href)).status).toBe(400);
    expect((await show(new URL("/favicon.ico", url).href)).status).toBe(404);
    expect((await show(callback.href, { method: "POST" })).status).toBe(405);
    expect((await show(callback.href)).status).toBe(200);
    expect((await outcome).app).toMatchObject({ owner: "acme" });

    const abort = new AbortController();
    const second = await begin(github, { signal: abort.signal });
    expect((await submit(await show(second.url))).html).not.toContain(state);
    abort.abort();
    await second.outcome;
  });

  it("answers no page that comes under another name, as by a name that was made to point here", async () => {
    const abort = new AbortController();
    const { url, outcome } = await begin(await world(), { signal: abort.signal });
    const { port } = new URL(url);
    const sent = request({ host: "127.0.0.1", port, headers: { host: `evil.example:${port}` } }).end();
    const [response] = await once(sent, "response");
    expect(response.statusCode).toBe(403);
    response.resume();
    abort.abort();
    await outcome;
  });

  it("exchanges the code once, even when the last page is loaded again meanwhile", async () => {
    let conversions = 0;
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const github = await world({
      intercept: async (sent, answer) => {
        if (!isConversion(sent)) return answer();
        conversions++;
        begun.resolve();
        await held.promise;
        return answer();
      },
    });
    const { url, outcome } = await begin(github);
    const { href } = await throughGitHub(url);
    const first = show(href);
    await begun.promise;
    const second = show(href);
    // What came later is answered, so the second has come, too.
    await show(new URL("/favicon.ico", url).href);
    held.resolve();
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200]);
    expect((await outcome).app).toBeDefined();
    expect(conversions).toBe(1);
  });

  it("goes on without a browser that can be opened, and takes the port it is told", async () => {
    const port = await freePort();
    const openBrowser = () => Promise.reject(new Error("there is no browser"));
    const { url, outcome } = await begin(await world(), { openBrowser, port });
    expect(url).toBe(`http://127.0.0.1:${port}/`);
    await show((await throughGitHub(url)).href);
    expect((await outcome).app).toBeDefined();
  });

  it("makes the App of a person under their own settings", async () => {
    const github = await world({ ownerType: "User" });
    const own = appManifest({ ...wish, scope: "repository" });
    const { url, outcome } = await begin(github, { ownerType: "User", manifest: own });
    expect((await show(url)).html).toContain(`action="${github.url}/settings/apps/new?state=`);
    await show((await throughGitHub(url)).href);
    expect((await outcome).app).toMatchObject({ owner: "acme" });
  });
});

describe("what may go wrong", () => {
  it("a port in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const { outcome } = await begin(await world(), { port }).catch((error: unknown) => ({
      outcome: Promise.resolve({ error }),
    }));
    expect((await outcome).error).toMatchObject({
      code: "port-in-use",
      message: `Port ${port} on this machine is in use.`,
      nextSteps: [expect.stringContaining("any free one")],
    });
  });

  it("a manifest that GitHub refuses, of which nothing comes back", async () => {
    const github = await world({ refuseLoopbackHooks: true });
    const patience = Promise.withResolvers<void>();
    const { url, outcome } = await begin(github, { timeoutMs: 900_000, sleep: () => patience.promise });
    expect((await submit(await show(url))).html).toContain("isn&#39;t reachable");
    patience.resolve();
    const { error } = await outcome;
    expect(error).toMatchObject({
      code: "no-app-created",
      message: "No GitHub App was created within 15 min.",
      why: expect.stringContaining(`cannot reach ${wish.hookUrl}`),
      nextSteps: [
        expect.stringContaining("what the browser shows"),
        expect.stringContaining(`${github.url}/organizations/acme/settings/apps/new?name=`),
        expect.stringContaining("--app-id"),
      ],
    });
    await expect(fetch(url)).rejects.toThrow();
  });

  it("an interrupt ends the wait and the server", async () => {
    const abort = new AbortController();
    const { url, outcome } = await begin(await world(), { signal: abort.signal });
    const reason = new Error("enough");
    abort.abort(reason);
    expect((await outcome).error).toBe(reason);
    await expect(fetch(url)).rejects.toThrow();
  });

  it("a code that was used", async () => {
    const github = await world();
    const { url, outcome } = await begin(github);
    const callback = await throughGitHub(url);
    const code = callback.searchParams.get("code")!;
    await fetch(`${github.url}/app-manifests/${code}/conversions`, { method: "POST" });
    const page = await show(callback.href);
    expect(page.html).toContain("does not know the code");
    const { error } = await outcome;
    expect(error).toMatchObject({ code: "code-expired", why: expect.stringContaining("used or is too old") });
    expect(JSON.stringify([error, (error as Error).cause, String(error)])).not.toContain(code);
    await expect(fetch(url)).rejects.toThrow();
  });

  it("an exchange that GitHub refuses", async () => {
    const intercept: GitHubEmulatorOptions["intercept"] = async (sent, answer) =>
      isConversion(sent) ? Response.json({ message: "Spammed" }, { status: 422 }) : answer();
    const { url, outcome } = await begin(await world({ intercept }));
    await show((await throughGitHub(url)).href);
    expect((await outcome).error).toMatchObject({
      code: "conversion-refused",
      why: "GitHub answered 422: Spammed.",
    });
  });

  it("trouble at GitHub is waited out; a lost answer is told as such, and a long outage too", async () => {
    const answers = [502, 503];
    const slept: number[] = [];
    // The patience with the person lasts; the pauses between tries pass.
    const sleep = (ms: number) => (ms > 60_000 ? new Promise(() => undefined) : Promise.resolve(slept.push(ms)));
    const failing = await world({
      intercept: async (sent, answer) => {
        const status = isConversion(sent) ? answers.shift() : undefined;
        return status === undefined ? answer() : Response.json({ message: "Unicorn" }, { status });
      },
    });
    const first = await begin(failing, { sleep });
    await show((await throughGitHub(first.url)).href);
    expect((await first.outcome).app).toBeDefined();
    expect(slept).toEqual([1_000, 3_000]);

    answers.push(502, 502, 502);
    const second = await begin(failing, { sleep });
    await show((await throughGitHub(second.url, "another")).href);
    expect((await second.outcome).error).toMatchObject({
      code: "conversion-failed",
      why: "GitHub answered 502: Unicorn.",
    });

    let isLost = false;
    const losing = await world({
      intercept: async (sent, answer) => {
        const response = await answer();
        if (!isConversion(sent) || isLost) return response;
        isLost = true;
        return Response.json({ message: "Bad Gateway" }, { status: 502 });
      },
    });
    const third = await begin(losing, { sleep });
    await show((await throughGitHub(third.url)).href);
    expect((await third.outcome).error).toMatchObject({
      code: "code-expired",
      why: expect.stringContaining("An answer was lost"),
      nextSteps: [expect.stringContaining("Delete the new App"), expect.any(String)],
    });
  });

  it("an App that was made for somebody else", async () => {
    const github = await world();
    const stranger = await begin(github, { ownerType: "User", owner: "octocat" });
    const foreign = await throughGitHub(stranger.url);
    const { url, outcome } = await begin(github);
    const own = await throughGitHub(url, "another");
    own.searchParams.set("code", foreign.searchParams.get("code")!);
    expect((await show(own.href)).html).toContain("created for octocat, not for acme");
    expect((await outcome).error).toMatchObject({ code: "wrong-owner" });
    const abort = await show(new URL(`/callback?code=x&state=y`, stranger.url).href);
    expect(abort.status).toBe(400);
    foreign.searchParams.set("code", own.searchParams.get("code")!);
    await show(foreign.href);
    expect((await stranger.outcome).error).toMatchObject({ code: "code-expired" });
  });
});
