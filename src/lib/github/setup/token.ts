// Whether a personal access token may do what a fleet without an App needs.
import type { Octokit } from "@octokit/rest";
import { isRequestError, readLimit } from "../errors.ts";
import { isForbidden } from "../hooks.ts";
import { runnersPath } from "../runners.ts";
import type { Scope } from "./manifest.ts";
import { SetupError } from "./setup-error.ts";

export interface TokenNeeds {
  scope: Scope;
  owner: string;
  /** `owner/name`; some of those that the fleet serves, each of which costs a few calls. */
  repositories: readonly string[];
}

export interface TokenFacts {
  /** A classic token says its scopes; a fine-grained one does not say its permissions, so harmless reads are tried. */
  kind: "classic" | "fine-grained";
  /** Whose it is; undefined for a token that is no person's. */
  login: string | undefined;
  /** Scopes (`admin:org`) or permissions (`repository_hooks: write`) that it lacks. Of a permission, only reading is tried. */
  missing: string[];
  /** `owner/name` of repositories that it does not see. */
  unseen: string[];
  /** Milliseconds since the epoch; undefined where it lasts for good, or GitHub does not say. */
  expiresAt: number | undefined;
}

/** @throws SetupError (token-refused); RequestError for anything but a missing right */
export async function checkToken(octokit: Octokit, needs: TokenNeeds): Promise<TokenFacts> {
  const { login, headers } = await readUser(octokit);
  const unseen: string[] = [];
  for (const repository of needs.repositories) {
    if (!(await isAllowed(octokit, pathOf(repository)))) unseen.push(repository);
  }
  const scopes = headers["x-oauth-scopes"];
  const expiry = Date.parse(headers["github-authentication-token-expiration"] ?? "");
  const common = { login, unseen, expiresAt: Number.isFinite(expiry) ? expiry : undefined };
  if (scopes !== undefined) {
    const held = scopes.split(",").map((scope) => scope.trim());
    return { kind: "classic", ...common, missing: neededScopes(needs.scope).filter((scope) => !held.includes(scope)) };
  }
  const missing = new Set<string>();
  for (const [permission, path] of probes(needs, unseen)) {
    if (!missing.has(permission) && !(await isAllowed(octokit, path))) missing.add(permission);
  }
  return { kind: "fine-grained", ...common, missing: [...missing] };
}

/** Source: docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps, and the docs of each endpoint. */
function neededScopes(scope: Scope): string[] {
  // `repo` includes webhooks and runners of repositories; `admin:org` does not include webhooks.
  return scope === "organization" ? ["admin:org", "admin:org_hook", "repo"] : ["repo"];
}

/** What to read to see whether a permission is there. */
function probes({ scope, owner, repositories }: TokenNeeds, unseen: readonly string[]): [string, string][] {
  const seen = repositories.filter((repository) => !unseen.includes(repository)).map(pathOf);
  const ofRepositories = seen.map((path): [string, string] => ["actions: read", `${path}/actions/runs`]);
  if (scope === "organization") {
    const base = runnersPath("organization", owner, "");
    return [
      ["organization_self_hosted_runners: write", `${base}/actions/runners`],
      ["organization_hooks: write", `${base}/hooks`],
      ...ofRepositories,
    ];
  }
  const more = seen.flatMap((path): [string, string][] => [
    ["administration: write", `${path}/actions/runners`],
    ["repository_hooks: write", `${path}/hooks`],
  ]);
  return [...more, ...ofRepositories];
}

function pathOf(repository: string): string {
  return runnersPath("repository", "", repository);
}

async function isAllowed(octokit: Octokit, path: string): Promise<boolean> {
  try {
    await octokit.request(`GET ${path}`, { per_page: 1 });
    return true;
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}

type Headers = Record<string, string | undefined>;

async function readUser(octokit: Octokit): Promise<{ login: string | undefined; headers: Headers }> {
  try {
    const { data, headers } = await octokit.request("GET /user");
    return { login: data.login, headers: headers as Headers };
  } catch (error) {
    if (!isRequestError(error)) throw error;
    if (error.status === 403 && !readLimit(error, 0)) return { login: undefined, headers: {} };
    if (error.status !== 401) throw error;
    throw new SetupError("token-refused", "GitHub does not accept the token.", {
      why: `It is wrong, has expired or was revoked: GitHub answered 401: ${error.message}`,
      nextSteps: ["Make a new one on https://github.com/settings/tokens, and set MODAL_GHA_GITHUB_TOKEN."],
      cause: error,
    });
  }
}
