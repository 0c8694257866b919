// Lets a person make our GitHub App in their browser, from a manifest, and brings its keys here.
// Source: docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest.
import { randomBytes } from "node:crypto";
import { setTimeout as sleepFor } from "node:timers/promises";
import { type CreatedApp, convertManifestCode } from "./conversion.ts";
import { type AppManifest, byHandUrl } from "./manifest.ts";
import { donePage, failedPage, startPage } from "./manifest-pages.ts";
import { startManifestServer } from "./manifest-server.ts";
import { SetupError } from "./setup-error.ts";
import { newAppUrl } from "./web-url.ts";

export interface ManifestFlowOptions {
  /** REST base address. */
  apiUrl: string;
  /** Where GitHub's pages are; see webUrlOf. */
  webUrl: string;
  owner: string;
  ownerType: "Organization" | "User";
  /** Its redirect_url is ours to fill in. */
  manifest: AppManifest;
  /** May fail: then the person opens the address themselves. */
  openBrowser(url: string): Promise<unknown>;
  /** Told the address to open, before the browser is. It is on 127.0.0.1. */
  onUrl(url: string): void;
  /** Any free one where absent. */
  port?: number;
  /** How long a person may take; GitHub's own limit is an hour. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Waits so many milliseconds; rejects when the signal is aborted. */
  sleep?(ms: number, signal?: AbortSignal): Promise<unknown>;
}

const defaultTimeoutMs = 15 * 60_000;

/**
 * Serves the pages on loopback until the App is there; the server is gone when this returns or throws.
 * @throws SetupError (port-in-use, port-refused, no-app-created, code-expired, conversion-refused, conversion-failed,
 * wrong-owner), the signal's reason when it is aborted before a person comes back with the code
 */
export async function createAppByManifest(options: ManifestFlowOptions): Promise<CreatedApp> {
  const { apiUrl, webUrl, owner, ownerType, signal, timeoutMs = defaultTimeoutMs } = options;
  const { sleep = (ms, ended) => sleepFor(ms, undefined, ended ? { signal: ended } : {}) } = options;
  signal?.throwIfAborted();
  const state = randomBytes(16).toString("hex");
  const action = new URL(newAppUrl(webUrl, owner, ownerType));
  action.searchParams.set("state", state);
  const created = Promise.withResolvers<CreatedApp>();
  // It may be rejected after the wait was given up.
  created.promise.catch(() => undefined);
  const patience = new AbortController();
  const giveUp = () => created.reject(nothingCame(options, timeoutMs));
  sleep(timeoutMs, patience.signal).then(giveUp, () => undefined);
  let isTakingOver = false;
  // The code is good for once: an App whose keys are on their way is not left behind without them.
  const onAbort = () => {
    if (!isTakingOver) created.reject(signal?.reason);
  };
  signal?.addEventListener("abort", onAbort, { once: true });

  async function takeOver(code: string) {
    // Whoever has come so far is not interrupted.
    patience.abort();
    isTakingOver = true;
    try {
      const app = await convertManifestCode(apiUrl, code, sleep);
      if (app.owner.toLowerCase() !== owner.toLowerCase()) throw wrongOwner(app, owner);
      created.resolve(app);
      return donePage(app);
    } catch (error) {
      created.reject(error);
      return failedPage(error instanceof Error ? error.message : String(error));
    }
  }

  try {
    const server = await startManifestServer({
      port: options.port ?? 0,
      state,
      start: (redirectUrl) => startPage(action.href, owner, { ...options.manifest, redirect_url: redirectUrl }),
      formOrigin: action.origin,
      onCode: takeOver,
    });
    try {
      options.onUrl(server.url);
      options.openBrowser(server.url).catch(() => undefined);
      return await created.promise;
    } finally {
      await server.close();
    }
  } finally {
    patience.abort();
    signal?.removeEventListener("abort", onAbort);
  }
}

function nothingCame({ webUrl, owner, ownerType, manifest }: ManifestFlowOptions, timeoutMs: number): SetupError {
  // What was asked for, to the second: who waited for five of them knows that it was no minute.
  const time = timeoutMs < 60_000 ? `${Math.ceil(timeoutMs / 1000)} s` : `${Math.round(timeoutMs / 60_000)} min`;
  const { url } = manifest.hook_attributes;
  return new SetupError("no-app-created", `No GitHub App was created within ${time}.`, {
    why: `Nothing came back from GitHub. When it refuses an App it says so in the browser only: because it cannot reach ${url}, because the name "${manifest.name}" is taken, or because only owners of ${owner} may create one.`,
    nextSteps: [
      "Run this again, and look at what the browser shows.",
      `Or create the App by hand, with a webhook secret and a private key: ${byHandUrl(webUrl, owner, ownerType, manifest)}`,
      "Then run this again with --app-id and --private-key-file.",
    ],
  });
}

function wrongOwner(app: CreatedApp, owner: string): SetupError {
  return new SetupError("wrong-owner", `The App was created for ${app.owner}, not for ${owner}.`, {
    why: `The browser is signed in to GitHub as ${app.owner}, or the answer came from elsewhere.`,
    nextSteps: [
      `Delete ${app.htmlUrl} on its settings page, under Advanced.`,
      `Sign in to GitHub as ${owner}, and run this again.`,
    ],
  });
}
