// Octokit with the credentials at hand: a GitHub App (its own JWT and its installation's token), or a personal access token.
import { setTimeout as sleepFor } from "node:timers/promises";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { Budget, documentedLimits, type Limits, type Registrations } from "./budget.ts";
import type { GitHubCredentials } from "./credentials.ts";
import { type PacedOctokit, setPace } from "./pace.ts";

export interface GitHubOptions {
  /** REST base address: `https://api.github.com`, or `https://HOST/api/v3` for GitHub Enterprise Server. */
  apiUrl: string;
  credentials: GitHubCredentials;
  /** The organisation or user whose installation is meant. */
  owner: string;
  /** GitHub's documented ones where absent. */
  limits?: Limits;
  /** Shared by the Apps of one fleet. */
  registrations?: Registrations;
  /** Milliseconds since the epoch. */
  now?(): number;
  /** Waits so many milliseconds. */
  sleep?(ms: number): Promise<void>;
}

const silent = () => undefined;
/** Of every Octokit: quiet, since what goes wrong is told by who called. */
export const octokitDefaults = {
  userAgent: "modal-gha",
  log: { debug: silent, info: silent, warn: silent, error: silent },
};

/** An Octokit without credentials, for what anybody may read. */
export function anonymousGitHub(apiUrl: string): Octokit {
  return new Octokit({ ...octokitDefaults, baseUrl: apiUrl.replace(/\/+$/, "") });
}

/**
 * An Octokit that acts in the owner's organisation or account, and keeps to GitHub's rate limits (pace.ts). It never
 * repeats a call by itself: a repeated generate-jitconfig leaks a registration (github.com/runs-on/runs-on/issues/546).
 * @throws RequestError 401 when the credentials are refused, 404 when the App is not installed there
 */
export async function connectGitHub(options: GitHubOptions): Promise<PacedOctokit> {
  const { credentials, owner, limits = documentedLimits, registrations, now = Date.now } = options;
  const { sleep = (ms: number) => sleepFor(ms) } = options;
  const base = { ...octokitDefaults, baseUrl: options.apiUrl.replace(/\/+$/, "") };
  const pace = { budget: new Budget({ now, limits, registrations }), now, sleep };
  const paced = (octokit: Octokit) => setPace(octokit, pace, limits.concurrent);
  if (credentials.kind === "token") return paced(new Octokit({ ...base, auth: credentials.token }));
  const { appId, privateKey } = credentials;
  const app = new Octokit({ ...base, authStrategy: createAppAuth, auth: { appId, privateKey } });
  // Serves organisations and user accounts alike: docs.github.com/rest/apps/apps#get-a-user-installation-for-the-authenticated-app
  const { data: installation } = await app.rest.apps.getUserInstallation({ username: owner });
  const auth = { appId, privateKey, installationId: installation.id };
  return paced(new Octokit({ ...base, authStrategy: createAppAuth, auth }));
}

/** Stands for a GitHub that cannot be reached now: every call fails as the first one did. */
export function unreachableGitHub(error: Error): PacedOctokit {
  const pace = { budget: new Budget({ now: Date.now, limits: documentedLimits }), now: Date.now, sleep: sleepFor };
  const octokit = setPace(new Octokit(octokitDefaults), pace, documentedLimits.concurrent);
  octokit.hook.wrap("request", () => {
    throw error;
  });
  return octokit;
}
