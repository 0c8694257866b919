// Has a person make the fleet's GitHub App in their browser, and keeps its key before anything else can go wrong.
import type { AppAccess } from "../github/setup/app.ts";
import type { AppManifest } from "../github/setup/manifest.ts";
import type { AppOptions } from "./app-step.ts";
import type { Bench } from "./bench.ts";

interface Place {
  webUrl: string;
  owner: string;
  ownerType: "Organization" | "User";
  manifest: AppManifest;
}

async function placeOf(bench: Bench, { account, webhookUrl }: AppOptions): Promise<Place> {
  const [{ appManifest }, { webUrlOf }] = await Promise.all([
    import("../github/setup/manifest.ts"),
    import("../github/setup/web-url.ts"),
  ]);
  const { settings, policy } = bench;
  const { owner, scope } = policy.github;
  return {
    webUrl: settings.githubWebUrl?.value ?? webUrlOf(settings.githubApiUrl.value),
    owner,
    ownerType: account?.type ?? "Organization",
    manifest: appManifest({ fleet: policy.fleet, owner, scope, hookUrl: webhookUrl }),
  };
}

/** GitHub's page for a new App with all of it filled in, for a person to make it by hand. */
export async function handUrl(bench: Bench, options: AppOptions): Promise<string> {
  const { webUrl, owner, ownerType, manifest } = await placeOf(bench, options);
  const { byHandUrl } = await import("../github/setup/manifest.ts");
  return byHandUrl(webUrl, owner, ownerType, manifest);
}

export interface CreatedByBrowser {
  access: AppAccess;
  keyFile: string;
  /** Of its webhook; null where GitHub made none. */
  webhookSecret: string | null;
}

/** @throws SetupError of createAppByManifest, the signal's reason */
export async function createApp(bench: Bench, options: AppOptions): Promise<CreatedByBrowser> {
  const { answers, listener, local, openBrowser, policy, settings, signal, waitMs } = bench;
  const { createAppByManifest } = await import("../github/setup/manifest-flow.ts");
  const apiUrl = settings.githubApiUrl.value;
  const created = await createAppByManifest({
    apiUrl,
    ...(await placeOf(bench, options)),
    signal,
    ...(answers.port === undefined ? {} : { port: answers.port }),
    ...(waitMs === undefined ? {} : { timeoutMs: waitMs }),
    onUrl: (url) => listener.note(inviteTo(url, openBrowser !== undefined)),
    openBrowser: openBrowser ?? (async () => undefined),
  });
  // GitHub hands the key out once: it is kept before anything is asked of anybody, interrupted or not.
  const keyFile = await local.keepKey(policy.fleet, created.privateKey);
  const githubAppId = String(created.appId);
  await local.remember(policy.fleet, { githubAppId, githubPrivateKeyFile: keyFile });
  const { privateKey, webhookSecret } = created;
  return { access: { apiUrl, appId: githubAppId, privateKey }, keyFile, webhookSecret };
}

function inviteTo(url: string, isOpened: boolean): string {
  if (isOpened) return `Go on in your browser. If none has opened, open ${url}`;
  const { port } = new URL(url);
  return (
    `Open ${url} in a browser on this machine, and go on there.\n` +
    `From another machine, first: ssh -L ${port}:127.0.0.1:${port} <this machine>`
  );
}
