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
    for (const hook of await readHooks(octokit, place)) {
      if (hook.config.url === url) found.push({ octokit, path: `${place}/hooks/${hook.id}` });
    }
  }
  return found;
}

async function readHooks(octokit: Octokit, place: string): Promise<{ id: number; config: { url?: string } }[]> {
  try {
    return await octokit.paginate(`GET ${place}/hooks`, { per_page: 100 });
  } catch (error) {
    const isHidden = isRequestError(error) && (error.status === 404 || error.status === 403);
    if (isHidden && !readLimit(error, 0)) return [];
    throw error;
  }
}
