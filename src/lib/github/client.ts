// Octokit with the credentials at hand: a GitHub App (its own JWT and its installation's token), or a personal access token.
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";

export type GitHubCredentials = { kind: "app"; appId: string; privateKey: string } | { kind: "token"; token: string };

export interface GitHubOptions {
  /** REST base address: `https://api.github.com`, or `https://HOST/api/v3` for GitHub Enterprise Server. */
  apiUrl: string;
  credentials: GitHubCredentials;
  /** The organisation or user whose installation is meant. */
  owner: string;
}

const silent = () => undefined;
const common = { userAgent: "modal-gha", log: { debug: silent, info: silent, warn: silent, error: silent } };

/**
 * An Octokit that acts in the owner's organisation or account. It never repeats a call by itself: a repeated
 * generate-jitconfig leaks a registration (github.com/runs-on/runs-on/issues/546).
 * @throws RequestError 401 when the credentials are refused, 404 when the App is not installed there
 */
export async function connectGitHub({ apiUrl, credentials, owner }: GitHubOptions): Promise<Octokit> {
  const base = { ...common, baseUrl: apiUrl.replace(/\/$/, "") };
  if (credentials.kind === "token") return new Octokit({ ...base, auth: credentials.token });
  const { appId, privateKey } = credentials;
  const app = new Octokit({ ...base, authStrategy: createAppAuth, auth: { appId, privateKey } });
  // Serves organisations and user accounts alike: docs.github.com/rest/apps/apps#get-a-user-installation-for-the-authenticated-app
  const { data: installation } = await app.rest.apps.getUserInstallation({ username: owner });
  return new Octokit({
    ...base,
    authStrategy: createAppAuth,
    auth: { appId, privateKey, installationId: installation.id },
  });
}
