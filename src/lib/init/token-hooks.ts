// The webhooks of a fleet with a token: of the organisation, or of each repository. Of many repositories some may not be
// the token's to set up; they are told of and left out, and the others have to work all the same.
import type { Octokit } from "@octokit/rest";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { Hook } from "../github/deliveries.ts";
import type { HookVerdict } from "../github/setup/hook-verdict.ts";
import type { Policy } from "../policy/schema.ts";
import type { Bench } from "./bench.ts";
import type { ControllerStep } from "./controller-step.ts";
import type { Told } from "./progress.ts";

/** The webhooks that come to the controller. */
export interface FoundHooks {
  /** By place: the organisation, or `owner/name`. */
  hooks: Map<string, Hook>;
  /** Places that have none. */
  missing: string[];
  /** Those of them that come by another of the controller's addresses than the one that is wanted. */
  elsewhere: string[];
}

/** @throws RequestError for anything but webhooks that the token may not see: their places count as neither */
export async function findHooks(
  octokit: Octokit,
  places: readonly string[],
  scope: Policy["github"]["scope"],
  { webhookUrl, webhookUrls }: Pick<ControllerStep, "webhookUrl" | "webhookUrls">,
): Promise<FoundHooks> {
  const [{ seePlaceHooks }, { runnersPath }] = await Promise.all([
    import("../github/hooks.ts"),
    import("../github/runners.ts"),
  ]);
  const found: FoundHooks = { hooks: new Map(), missing: [], elsewhere: [] };
  for (const place of places) {
    const path = runnersPath(scope, place, place);
    const all = await seePlaceHooks(octokit, path);
    if (all === undefined) continue;
    const urls = [webhookUrl, ...webhookUrls];
    const hook = urls.map((url) => all.find(({ config }) => config.url === url)).find((each) => each !== undefined);
    if (!hook) found.missing.push(place);
    else found.hooks.set(place, { octokit, path: `${path}/hooks/${hook.id}` });
    if (hook && hook.config.url !== webhookUrl) found.elsewhere.push(place);
  }
  return found;
}

export interface TokenWebhooks extends Told {
  hooks: Hook[];
}

/**
 * @param secret what the webhooks get; without one, those that are there keep theirs
 * @throws AbortError where the token may set up none, or not one that the policy names; SetupError (webhook-refused),
 * RequestError
 */
export async function tokenWebhooksStep(
  { policy, signal, listener }: Pick<Bench, "policy" | "signal" | "listener">,
  { octokit, places }: { octokit: Octokit; places: readonly string[] },
  { webhookUrl: url, webhookUrls }: Pick<ControllerStep, "webhookUrl" | "webhookUrls">,
  secret: string | undefined,
): Promise<TokenWebhooks> {
  const [{ ensureOrganizationHook, ensureRepositoryHook }, { isForbidden }] = await Promise.all([
    import("../github/setup/place-hooks.ts"),
    import("../github/hooks.ts"),
  ]);
  const ensure = policy.github.scope === "organization" ? ensureOrganizationHook : ensureRepositoryHook;
  const wish = { octokit, url, formerUrls: webhookUrls, ...(secret !== undefined && { secret }) };
  const hooks: Hook[] = [];
  const refused: string[] = [];
  let isChanged = false;
  for (const place of places) {
    signal.throwIfAborted();
    try {
      const { change, ...hook } = await ensure({ ...wish, place });
      isChanged ||= change !== "unchanged";
      hooks.push(hook);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      refused.push(place);
    }
  }
  const named = refused.filter((place) => isNamed(policy, place));
  if (named.length > 0 || hooks.length === 0) throw hooksRefused(named.length > 0 ? named : refused);
  if (refused.length > 0) {
    listener.note(
      `Warning: the token may not set up webhooks of ${refused.join(", ")}: jobs there get no runner from this fleet.`,
    );
  }
  const where = hooks.length === 1 && places.length === 1 ? places[0] : `${hooks.length} repositories`;
  return { hooks, state: isChanged ? "made" : "unchanged", detail: `webhooks of ${where} go to ${url}` };
}

function isNamed({ access }: Policy, place: string): boolean {
  return access.repositories.some((pattern) => pattern.toLowerCase() === place.toLowerCase());
}

function hooksRefused(places: readonly string[]): AbortError {
  return new AbortError(`The token may not set up the webhook of ${places.join(", ")}.`, {
    code: "missing-permissions",
    exitCode: ExitCode.Authentication,
    why: "GitHub lets only those do that who administer it, with Webhooks: write; and nobody, where it is archived.",
    nextSteps: [
      "Mend the token's rights, or take what is not its to set up out of access.repositories in the policy.",
      "Then run this again: modal-gha init --auth pat",
    ],
  });
}

/** Lets GitHub ping by every webhook; the first that is not well tells for all. @throws RequestError */
export async function pingAll({ sleep, signal }: Bench, hooks: readonly Hook[]): Promise<HookVerdict> {
  const { pingHook } = await import("../github/setup/verify-hook.ts");
  let last: HookVerdict = { verdict: "no-delivery", detail: "There is no webhook." };
  for (const hook of hooks) {
    last = await pingHook(hook, { signal, sleep });
    if (last.verdict !== "ok") break;
  }
  return last;
}
