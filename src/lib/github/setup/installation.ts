// Waits until a person has installed the App.
import { setTimeout as sleepFor } from "node:timers/promises";
import { isRequestError } from "../errors.ts";
import { type AppAccess, type AppInstallation, appOctokit, asApp, toInstallation } from "./app.ts";
import { SetupError } from "./setup-error.ts";

export interface InstallationWait {
  signal?: AbortSignal;
  /** Told before each wait how things are. */
  onWait?(state: "missing" | "suspended"): void;
  /** Without one it waits until it is aborted. */
  timeoutMs?: number;
  /** Waits so many milliseconds; rejects when the signal is aborted. */
  sleep?(ms: number, signal: AbortSignal | undefined): Promise<unknown>;
}

const firstPauseMs = 1_000;
const longestPauseMs = 10_000;

/**
 * Asks for the owner's installation until it is there and not suspended: soon at first, then every ten seconds.
 * @throws SetupError (not-installed, installation-suspended, app-not-found, app-key-refused); the signal's reason
 */
export async function awaitInstallation(
  access: AppAccess,
  owner: string,
  { signal, onWait, timeoutMs = Number.POSITIVE_INFINITY, sleep = pause }: InstallationWait = {},
): Promise<AppInstallation> {
  let waited = 0;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
    signal?.throwIfAborted();
    const installation = await findInstallation(access, owner);
    if (installation && !installation.isSuspended) return installation;
    if (waited >= timeoutMs) throw installation ? suspended(installation) : missing(owner);
    onWait?.(installation ? "suspended" : "missing");
    await sleep(pauseMs, signal);
    waited += pauseMs;
  }
}

/** The installation on an organisation or user. @throws SetupError (app-not-found, app-key-refused) */
export async function findInstallation(access: AppAccess, owner: string): Promise<AppInstallation | undefined> {
  return asApp(access, async () => {
    try {
      // Serves organisations and users alike: docs.github.com/rest/apps/apps#get-a-user-installation-for-the-authenticated-app
      const { data } = await appOctokit(access).rest.apps.getUserInstallation({ username: owner });
      return toInstallation(data);
    } catch (error) {
      if (isRequestError(error) && error.status === 404 && !/integration/i.test(error.message)) return undefined;
      throw error;
    }
  });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<unknown> {
  return sleepFor(ms, undefined, signal ? { signal } : {});
}

function missing(owner: string): SetupError {
  return new SetupError("not-installed", `The App is not installed on ${owner}.`, {
    why: `An App sees nothing of ${owner} before one of its owners has installed it there.`,
    nextSteps: ["Install it on its page at GitHub, then run this again."],
  });
}

function suspended({ account, htmlUrl }: AppInstallation): SetupError {
  return new SetupError("installation-suspended", `The App's installation on ${account} is suspended.`, {
    why: "One of the account's owners, or the App's, has suspended it: GitHub lets it do nothing.",
    nextSteps: [`Unsuspend it: ${htmlUrl}`],
  });
}
