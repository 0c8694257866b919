// Opens the webhooks that bring a fleet its news, for commands about their deliveries. Modal is not needed for that, so a
// fleet whose Modal is down can still be looked into.
import type { Octokit } from "@octokit/rest";
import { AbortError } from "../cli/errors.ts";
import type { GitHubCredentials } from "../github/credentials.ts";
import type { Hook } from "../github/deliveries.ts";
import { allowsRepository } from "../policy/match.ts";
import type { Policy } from "../policy/schema.ts";
import { furtherGitHubApps, githubCredentials } from "../settings/credentials.ts";
import type { FleetAccessOptions } from "./fleet-access.ts";
import { openPolicy } from "./open-policy.ts";

export interface DeliveryAccess {
  hooks: Hook[];
  octokit: Octokit;
  owner: string;
  /** Whether we are a GitHub App there, rather than the owner of a token. */
  isApp: boolean;
}

/** @throws AbortError with what to type next, or what Octokit throws */
export async function openDeliveries(options: FleetAccessOptions): Promise<DeliveryAccess> {
  const { env, warn } = options;
  const { policy, settings } = await openPolicy(options);
  const { owner } = policy.github;
  const first = await githubCredentials(settings, warn);
  const { connectGitHub } = await import("../github/client.ts");
  const connect = (credentials: GitHubCredentials) =>
    connectGitHub({ apiUrl: settings.githubApiUrl.value, credentials, owner });
  const octokit = await connect(first);
  const isApp = first.kind === "app";
  const others = isApp ? await Promise.all((await furtherGitHubApps(env, warn)).map(connect)) : [];
  const hooks = await fleetHooks([octokit, ...others], policy, isApp, settings.webhookUrl?.value);
  return { hooks, octokit, owner, isApp };
}

/**
 * The webhooks that bring the fleet its news: the Apps' own, or, with a token, those that go to the controller.
 * @param url where they go; an App's need none
 * @throws AbortError when nothing says where they go, or none does
 */
export async function fleetHooks(
  octokits: readonly [Octokit, ...Octokit[]],
  policy: Policy,
  isApp: boolean,
  url: string | undefined,
): Promise<Hook[]> {
  if (!isApp) return tokenHooks(octokits[0], policy, url);
  const { appHooks } = await import("../github/hooks.ts");
  return appHooks(octokits);
}

/** With a token, the fleet's webhooks are known by where they go. */
async function tokenHooks(octokit: Octokit, policy: Policy, url: string | undefined): Promise<Hook[]> {
  if (!url) {
    throw new AbortError("Nothing says where the fleet's webhooks go.", {
      code: "no-webhook-url",
      why: "With a token in an App's place, the webhooks of the fleet are known by their address alone.",
      nextSteps: [
        "modal-gha config set webhookUrl <the controller's address, which ends with /webhook>",
        "Or set MODAL_GHA_WEBHOOK_URL to it.",
      ],
    });
  }
  const [{ hooksTo }, { readRepositories }, { runnersPath }] = await Promise.all([
    import("../github/hooks.ts"),
    import("../github/jobs.ts"),
    import("../github/runners.ts"),
  ]);
  const { owner, scope } = policy.github;
  const repositories = scope === "organization" ? [""] : await readRepositories(octokit, owner, false);
  const allowed = repositories.filter((repository) => repository === "" || allowsRepository(policy, repository));
  const places = allowed.map((repository) => runnersPath(scope, owner, repository));
  const hooks = await hooksTo(url, octokit, places);
  if (hooks.length > 0) return hooks;
  throw new AbortError(`No webhook of ${places.length === 1 ? places[0] : `${owner}'s repositories`} goes to ${url}.`, {
    code: "no-webhook",
    why: "There is none, or this token may not see it: that takes the permission to administer webhooks.",
    nextSteps: ["Check MODAL_GHA_WEBHOOK_URL and the token's permissions.", "modal-gha doctor"],
  });
}
