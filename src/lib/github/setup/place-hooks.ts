// Webhooks of an organisation or a repository, for fleets that have a token instead of an App.
import type { Octokit } from "@octokit/rest";
import type { Hook } from "../deliveries.ts";
import { isRequestError } from "../errors.ts";
import { hookEvents, hookFaults, type PlaceHook } from "../hooks.ts";
import { runnersPath } from "../runners.ts";
import { SetupError } from "./setup-error.ts";

export interface HookWish {
  octokit: Octokit;
  /** The organisation, or `owner/name` of the repository. */
  place: string;
  /** The controller's `/webhook`. */
  url: string;
  /** Other addresses of the same controller: a webhook that goes there is moved. */
  formerUrls?: readonly string[];
  /** A secret. Without it, a webhook that is there keeps its own. */
  secret?: string;
}

export interface EnsuredHook extends Hook {
  change: "created" | "updated" | "unchanged";
}

/** @throws SetupError (webhook-secret-unknown, webhook-refused); RequestError (403 or 404 where the token lacks rights) */
export function ensureOrganizationHook(wish: HookWish): Promise<EnsuredHook> {
  return ensureHook(wish, runnersPath("organization", wish.place, ""));
}

/** @throws as ensureOrganizationHook */
export function ensureRepositoryHook(wish: HookWish): Promise<EnsuredHook> {
  return ensureHook(wish, runnersPath("repository", "", wish.place));
}

async function ensureHook(
  { octokit, place, url, formerUrls = [], secret }: HookWish,
  base: string,
): Promise<EnsuredHook> {
  const all = (await octokit.paginate(`GET ${base}/hooks`, { per_page: 100 })) as PlaceHook[];
  const at = (where: readonly string[]) => all.find(({ config }) => where.includes(config.url ?? ""));
  const known = at([url]) ?? at(formerUrls);
  const config = { url, content_type: "json", insecure_ssl: "0", ...(secret !== undefined && { secret }) };
  if (!known) {
    if (secret === undefined) throw secretUnknown(place);
    const { data } = await refusable(place, () =>
      octokit.request(`POST ${base}/hooks`, { name: "web", active: true, events: hookEvents, config }),
    );
    return { octokit, path: `${base}/hooks/${(data as PlaceHook).id}`, change: "created" };
  }
  const path = `${base}/hooks/${known.id}`;
  const isAsWished = known.config.url === url && hookFaults(known).length === 0;
  if (secret === undefined && isAsWished) return { octokit, path, change: "unchanged" };
  // First the configuration by its own endpoint, which leaves a secret that is not given as it is; the other would not.
  await refusable(place, () => octokit.request(`PATCH ${path}/config`, { data: config }));
  await refusable(place, () => octokit.request(`PATCH ${path}`, { active: true, events: hookEvents }));
  return { octokit, path, change: "updated" };
}

async function refusable<T>(place: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isRequestError(error) || error.status !== 422) throw error;
    throw new SetupError("webhook-refused", `GitHub does not take the webhook for ${place}.`, {
      why: `GitHub answered 422: ${error.message}`,
      nextSteps: ["Check that the controller is deployed and its address can be reached from the Internet."],
      cause: error,
    });
  }
}

function secretUnknown(place: string): SetupError {
  return new SetupError("webhook-secret-unknown", `There is no webhook of ${place} for this controller yet.`, {
    why: "To make one takes the webhook's secret, which is not at hand here.",
    nextSteps: ["Set a new one, here and for the controller."],
  });
}
