// The webhooks that bring this fleet its news: the Apps' own, or, with a token, those of the organisation or repositories.
import type { Octokit } from "@octokit/rest";
import type { Hook } from "./deliveries.ts";
import { isRequestError, readLimit } from "./errors.ts";

/** Each App has one webhook. */
export function appHooks(octokits: readonly Octokit[]): Hook[] {
  return octokits.map((octokit) => ({ octokit, path: "/app/hook" }));
}

/**
 * Webhooks that are sent to an address, of the organisation or of repositories. Where we may not see them, there are none.
 * @param places `/orgs/ORG`, `/repos/OWNER/NAME`
 */
export async function hooksTo(url: string, octokit: Octokit, places: readonly string[]): Promise<Hook[]> {
  const found: Hook[] = [];
  for (const place of places) {
    for (const hook of await readPlaceHooks(octokit, place)) {
      if (hook.config.url === url) found.push({ octokit, path: `${place}/hooks/${hook.id}` });
    }
  }
  return found;
}

/** A webhook of an organisation or repository: docs.github.com/rest/orgs/webhooks, docs.github.com/rest/repos/webhooks. */
export interface PlaceHook {
  id: number;
  active: boolean;
  events: string[];
  /** Of a secret GitHub shows only that there is one. */
  config: { url?: string; content_type?: string; insecure_ssl?: string | number; secret?: string };
}

/** All that the controller wants to hear. */
export const hookEvents: readonly string[] = ["workflow_job"];

/** What keeps a webhook from bringing the controller its news, each after "the webhook": `is switched off`. */
export function hookFaults({ active, events, config }: Omit<PlaceHook, "id">): string[] {
  const isHeard = hookEvents.every((event) => events.includes(event)) || events.includes("*");
  return [
    active ? "" : "is switched off",
    isHeard ? "" : `does not send ${hookEvents.join(", ")}`,
    config.content_type === "json" ? "" : "sends forms, not JSON",
    config.secret === undefined ? "has no secret" : "",
    String(config.insecure_ssl) === "0" ? "" : "goes anywhere, whatever the certificate",
  ].filter((fault) => fault !== "");
}

/**
 * The webhooks of a place; none where we may not see them.
 * @param place `/orgs/ORG`, `/repos/OWNER/NAME`
 */
export async function readPlaceHooks(octokit: Octokit, place: string): Promise<PlaceHook[]> {
  return (await seePlaceHooks(octokit, place)) ?? [];
}

/** The same; undefined where we may not see them. */
export async function seePlaceHooks(octokit: Octokit, place: string): Promise<PlaceHook[] | undefined> {
  try {
    return (await octokit.paginate(`GET ${place}/hooks`, { per_page: 100 })) as PlaceHook[];
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** Whether GitHub refused for want of rights, not of calls that are left; it hides what we may not see. */
export function isForbidden(error: unknown): boolean {
  return isRequestError(error) && (error.status === 404 || error.status === 403) && !readLimit(error, 0);
}
