// With a token in the App's place: the webhooks of the organisation, or of the repositories that may use the fleet.
import type { Hook } from "../../github/deliveries.ts";
import { type PlaceHook, readPlaceHooks } from "../../github/hooks.ts";
import { takesRunners } from "../../github/jobs.ts";
import { runnersPath } from "../../github/runners.ts";
import { inBatches } from "../../operations/batches.ts";
import { once } from "../once.ts";
import type { ControllerFacts } from "./controller.ts";
import type { GitHubFacts } from "./github.ts";
import type { LocalFacts } from "./local.ts";

/** A webhook is asked for at so many places: there are 900 calls in a minute, and other checks. */
const mostPlaces = 300;
const placesAtOnce = 8;

export interface PlaceFacts {
  /** `/orgs/ORG`, `/repos/OWNER/NAME`. */
  place: string;
  /** The one that goes to the controller. */
  found: (PlaceHook & Hook) | undefined;
}

export interface HookFacts {
  /** Where the controller takes webhooks, by what was found out about it. */
  url(): Promise<string>;
  /** `total` is of the places that there are, of which no more than some are looked at. */
  places(): Promise<{ looked: PlaceFacts[]; total: number }>;
}

export function hookFacts(local: LocalFacts, github: GitHubFacts, controller: ControllerFacts): HookFacts {
  const url = once(async () => `${await controller.address()}/webhook`);
  const places = once(async () => {
    const { owner, scope } = (await local.policy()).policy.github;
    const [octokit] = await github.octokits();
    const ofRepositories = async () =>
      (await github.repositories()).allowed.filter(takesRunners).map(({ name }) => name);
    const names = scope === "organization" ? [""] : await ofRepositories();
    const address = await url();
    const looked = await inBatches(names.slice(0, mostPlaces), placesAtOnce, async (name): Promise<PlaceFacts> => {
      const place = runnersPath(scope, owner, name);
      const hook = (await readPlaceHooks(octokit, place)).find(({ config }) => config.url === address);
      return { place, found: hook && { ...hook, octokit, path: `${place}/hooks/${hook.id}` } };
    });
    return { looked, total: names.length };
  });
  return { url, places };
}
