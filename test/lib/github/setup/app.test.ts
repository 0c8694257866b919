import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { installationUrl, readApp, setHook } from "../../../../src/lib/github/setup/app.ts";
import { awaitInstallation, findInstallation } from "../../../../src/lib/github/setup/installation.ts";
import { missingEvents, missingPermissions } from "../../../../src/lib/github/setup/manifest.ts";
import { appOctokitOf, buildWorkflow, emulatorWith, webhookReceiver } from "../../emulator/github/harness.ts";
import { accessOf, manifest } from "./support.ts";

const app = { webhookUrl: "https://hooks.example/webhook", permissions: manifest.default_permissions };

describe("an App as it is", () => {
  it("is read with its hook and installations", async () => {
    const github = await emulatorWith(buildWorkflow, { app });
    expect(await readApp(accessOf(github))).toEqual({
      appId: github.app.id,
      slug: "acme-runners",
      name: "acme runners",
      htmlUrl: `${github.url}/apps/acme-runners`,
      owner: "acme",
      isOfOrganization: true,
      permissions: manifest.default_permissions,
      events: ["workflow_job"],
      hook: { url: app.webhookUrl, contentType: "json", hasSecret: true, isInsecure: false },
      installations: [
        {
          id: github.app.installationId,
          account: "acme",
          isSuspended: false,
          repositorySelection: "all",
          permissions: manifest.default_permissions,
          events: ["workflow_job"],
          htmlUrl: expect.stringContaining("/organizations/acme/settings/installations/"),
        },
      ],
    });
  });

  it("is told apart from an installation that lags behind it, or is suspended, or gone", async () => {
    const github = await emulatorWith(buildWorkflow, { app: { permissions: { contents: "read" } } });
    github.changeApp({ permissions: manifest.default_permissions, events: [] });
    const { permissions, events, installations, hook } = await readApp(accessOf(github));
    expect(hook).toBeUndefined();
    expect([missingPermissions("organization", permissions), missingEvents(events)]).toEqual([[], ["workflow_job"]]);
    const lagging = installations[0]!;
    expect(missingPermissions("organization", lagging.permissions)).toContain("actions: read");
    expect(missingEvents(lagging.events)).toEqual([]);
    const { apps } = appOctokitOf(github);
    await apps.suspendInstallation({ installation_id: lagging.id });
    expect((await readApp(accessOf(github))).installations).toMatchObject([{ isSuspended: true }]);
    await apps.deleteInstallation({ installation_id: lagging.id });
    expect((await readApp(accessOf(github))).installations).toEqual([]);
  });

  it("has its hook set at GitHub, and nothing sent to the hook's address", async () => {
    const receiver = await webhookReceiver();
    const github = await emulatorWith(buildWorkflow, { app });
    const access = accessOf(github);
    await setHook(access, { url: receiver.url, secret: "new" });
    expect((await readApp(access)).hook).toMatchObject({ url: receiver.url, contentType: "json", hasSecret: true });
    expect(receiver.received).toEqual([]);
    await setHook(access, { url: `${receiver.url}/other` });
    expect((await readApp(access)).hook).toMatchObject({ url: `${receiver.url}/other`, hasSecret: true });
  });

  it("has a page on which it is installed", () => {
    expect(installationUrl({ htmlUrl: "https://g.example/apps/x" })).toBe("https://g.example/apps/x/installations/new");
  });
});

describe("an App that GitHub does not accept", () => {
  const foreign = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;

  it.each([
    ["another App's key", { privateKey: foreign }, "app-key-refused"],
    [
      "a key that is none",
      { privateKey: "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----" },
      "app-key-refused",
    ],
    ["an id that is not there", { appId: 1 }, "app-not-found"],
  ])("for %s", async (_, change, code) => {
    const github = await emulatorWith(buildWorkflow, { app });
    const access = { ...accessOf(github), ...change };
    const error = { code, isAuthentication: true, nextSteps: expect.arrayContaining([expect.any(String)]) };
    await expect(readApp(access)).rejects.toMatchObject(error);
    await expect(setHook(access, { url: "https://x.example" })).rejects.toMatchObject(error);
    const refusal = await awaitInstallation(access, "acme").catch((thrown: unknown) => thrown);
    expect(refusal).toMatchObject(error);
    expect(JSON.stringify([refusal, (refusal as Error).cause])).not.toContain("c2VjcmV0");
  });
});

describe("the wait for an installation", () => {
  it("ends when it is there and not suspended, and tells how things are meanwhile", async () => {
    const github = await emulatorWith(buildWorkflow, { app });
    const { apps } = appOctokitOf(github);
    const { installationId: installation_id, slug } = github.app;
    await apps.deleteInstallation({ installation_id });
    const steps = [
      () => undefined,
      () => fetch(`${github.url}/apps/${slug}/installations/new`, { method: "POST" }),
      () => undefined,
    ];
    const [slept, states]: [number[], string[]] = [[], []];
    const found = await awaitInstallation(accessOf(github), "ACME", {
      onWait: (state) => states.push(state),
      sleep: async (ms) => {
        slept.push(ms);
        await steps.shift()?.();
        if (steps.length === 1) await apps.suspendInstallation({ installation_id: github.app.installationId });
        if (steps.length === 0) await apps.unsuspendInstallation({ installation_id: github.app.installationId });
      },
    });
    expect(found).toMatchObject({ id: github.app.installationId, account: "acme", isSuspended: false });
    expect(states).toEqual(["missing", "missing", "suspended"]);
    expect(slept).toEqual([1000, 1500, 2250]);
  });

  it("asks ever more rarely, and gives up when told to", async () => {
    const github = await emulatorWith(buildWorkflow, { app });
    const slept: number[] = [];
    const sleep = async (ms: number) => void slept.push(ms);
    const waiting = awaitInstallation(accessOf(github), "octocat", { sleep, timeoutMs: 60_000 });
    await expect(waiting).rejects.toMatchObject({
      code: "not-installed",
      message: "The App is not installed on octocat.",
    });
    expect(slept.at(-1)).toBe(10_000);
    expect(slept.length).toBeLessThan(12);

    const { installationId: installation_id } = github.app;
    await appOctokitOf(github).apps.suspendInstallation({ installation_id });
    await expect(awaitInstallation(accessOf(github), "acme", { timeoutMs: 0 })).rejects.toMatchObject({
      code: "installation-suspended",
      nextSteps: [expect.stringContaining(`/settings/installations/${installation_id}`)],
    });
  });

  it("ends when it is interrupted", async () => {
    const github = await emulatorWith(buildWorkflow, { app });
    const abort = new AbortController();
    const onWait = () => abort.abort(new Error("enough"));
    const waiting = awaitInstallation(accessOf(github), "octocat", { signal: abort.signal, onWait });
    await expect(waiting).rejects.toThrow();
    expect(await findInstallation(accessOf(github), "octocat")).toBeUndefined();
  });
});
