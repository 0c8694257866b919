// A person makes and installs the GitHub App in a real browser, on our pages and on those of the emulated GitHub.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { verify } from "@octokit/webhooks-methods";
import type { Page } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { readApp } from "../../src/lib/github/setup/app.ts";
import { awaitInstallation } from "../../src/lib/github/setup/installation.ts";
import { appManifest, type ManifestWish } from "../../src/lib/github/setup/manifest.ts";
import { createAppByManifest } from "../../src/lib/github/setup/manifest-flow.ts";
import { buildWorkflow, emulatorWith, webhookReceiver } from "../lib/emulator/github/harness.ts";
import { findChromium, startBrowser } from "./browser.ts";

const executable = findChromium();
const isRequired = process.env["MODAL_GHA_REQUIRE"] === "1";
const advice = "there is no Chromium. Install one (Debian: apt-get install chromium), or set CHROMIUM_PATH.";
if (executable === undefined && !isRequired) {
  process.stderr.write(`Left out: the browser test of making a GitHub App, because ${advice}\n`);
}

/** The page that GitHub leads to after an installation, closed after the test. */
async function setupPage(): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end("<title>Set up</title><h1>Installed</h1>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/installed`;
}

async function begin({ refuses = false, hasScripts = true } = {}) {
  // First: in .ci/run a machine without a browser fails here.
  if (executable === undefined) throw new Error(advice);
  const browser = await startBrowser(executable);
  const context = await browser.newContext({ javaScriptEnabled: hasScripts });
  const page: Page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    // The emulated GitHub has no icon.
    const isIcon = message.location().url.endsWith("/favicon.ico");
    if (message.type() === "error" && !isIcon) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  const receiver = await webhookReceiver(() => ({ status: 200, body: { reason: "pong" } }));
  const github = await emulatorWith(buildWorkflow, { refuseLoopbackHooks: refuses });
  const wish: ManifestWish = { fleet: "rockets", owner: "acme", scope: "organization", hookUrl: receiver.url };
  const manifest = appManifest({ ...wish, setupUrl: await setupPage() });
  const patience = Promise.withResolvers<void>();
  let opened: Promise<unknown> | undefined;
  const created = createAppByManifest({
    ...{ apiUrl: github.url, webUrl: github.url, owner: "acme", ownerType: "Organization", manifest },
    onUrl: () => undefined,
    // Our page leads on as soon as it is there.
    openBrowser: (url) => (opened = page.goto(url, { waitUntil: "commit" })),
    sleep: () => patience.promise,
  });
  created.catch(() => undefined);
  await expect.poll(() => opened).toBeDefined();
  await opened;
  return { page, faults, github, receiver, manifest, created, giveUp: patience.resolve };
}

/** From GitHub's page for the new App to the end, and what has come of it. */
async function finish({ page, github, receiver, manifest, created }: Awaited<ReturnType<typeof begin>>) {
  await page.waitForURL(`${github.url}/organizations/acme/settings/apps/new?state=*`);
  await page.getByLabel("GitHub App name").fill("Rockets");
  await page.getByRole("button", { name: "Create GitHub App for acme" }).click();
  await page.getByRole("heading", { name: "Rockets is made" }).waitFor();
  expect(await page.textContent("main")).toContain("go back to the terminal");
  const app = await created;
  await page.getByRole("link", { name: "Install it on acme" }).click();
  await page.waitForURL(`${github.url}/apps/rockets/installations/new`);
  const access = { apiUrl: github.url, appId: app.appId, privateKey: app.privateKey };
  const waits = Promise.withResolvers<void>();
  const installed = awaitInstallation(access, "acme", {
    onWait: () => waits.resolve(),
    sleep: () => page.waitForURL(/\/installed\?/),
  });
  await waits.promise;
  await page.getByRole("button", { name: "Install" }).click();
  await page.getByRole("heading", { name: "Installed" }).waitFor();

  const installation = await installed;
  expect(installation).toMatchObject({
    account: "acme",
    isSuspended: false,
    permissions: manifest.default_permissions,
  });
  expect(new URL(page.url()).searchParams.get("installation_id")).toBe(String(installation.id));
  const facts = await readApp(access);
  expect(facts).toMatchObject({ name: "Rockets", events: ["workflow_job"], hook: { url: receiver.url } });
  expect(facts.permissions).toEqual(manifest.default_permissions);
  await github.trigger({ repository: "widgets", event: "push" });
  const sent = await receiver.take(3);
  expect(sent.map(({ headers }) => headers["x-github-event"])).toContain("workflow_job");
  for (const { body, headers } of sent) {
    expect(await verify(app.webhookSecret!, body, String(headers["x-hub-signature-256"]))).toBe(true);
  }
}

describe.skipIf(executable === undefined && !isRequired)("in a real browser", () => {
  it("our page leads by itself over GitHub's to an App that is installed", async () => {
    const flow = await begin();
    await finish(flow);
    expect(flow.faults).toEqual([]);
  });

  it("our page has a button where scripts do not run", async () => {
    const flow = await begin({ hasScripts: false });
    expect(flow.page.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    await flow.page.getByRole("button", { name: "Continue to GitHub" }).click();
    await finish(flow);
  });

  it("a manifest that GitHub refuses ends on GitHub's page, and our flow with what to do", async () => {
    const { page, created, github, giveUp } = await begin({ refuses: true });
    await page.getByRole("heading", { name: "Invalid GitHub App configuration" }).waitFor();
    expect(await page.textContent("body")).toContain("isn't reachable over the public Internet");
    giveUp();
    await expect(created).rejects.toMatchObject({
      code: "no-app-created",
      why: expect.stringContaining("says so in the browser only"),
      nextSteps: expect.arrayContaining([
        expect.stringContaining(`${github.url}/organizations/acme/settings/apps/new`),
      ]),
    });
  });
});
