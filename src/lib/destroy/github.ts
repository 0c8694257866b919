// What a fleet has at GitHub beside its runners: webhooks that go to its controller, and the App, which only a person can
// delete.
import type { Octokit } from "@octokit/rest";
import { isRequestError, readLimit } from "../github/errors.ts";
import { type AppAccess, appOctokit, readApp } from "../github/setup/app.ts";
import { appSettingsUrl, webUrlOf } from "../github/setup/web-url.ts";
import type { Policy } from "../policy/schema.ts";
import type { Found } from "./stored.ts";
import type { Kept, Removable } from "./things.ts";

/**
 * Webhooks of these places whose address is the controller's, exactly.
 * @param places `/orgs/ORG`, `/repos/OWNER/NAME`
 * @throws RequestError; also when every place hides its webhooks from the token
 */
export async function surveyHooks(octokit: Octokit, url: string, places: readonly string[]): Promise<Found> {
  const found: Found = { things: [], kept: [] };
  let refusal: unknown;
  let seen = 0;
  for (const place of places) {
    try {
      const hooks: { id: number; config: { url?: string } }[] = await octokit.paginate(`GET ${place}/hooks`, {
        per_page: 100,
      });
      seen++;
      for (const { id } of hooks.filter((hook) => hook.config.url === url)) {
        found.things.push(hookRemoval(octokit, `${place}/hooks/${id}`));
      }
    } catch (error) {
      const isHidden = isRequestError(error) && (error.status === 404 || error.status === 403) && !readLimit(error, 0);
      if (!isHidden) throw error;
      refusal = error;
      const why = "its webhooks are hidden from this token; one may go to this controller";
      found.kept.push({ kind: "webhook", name: place, why, remedy: null });
    }
  }
  if (seen === 0 && refusal !== undefined) throw refusal;
  return found;
}

function hookRemoval(octokit: Octokit, path: string): Removable {
  return {
    kind: "webhook",
    name: path,
    id: path,
    mark: "it goes to this fleet's controller",
    remove: async () => {
      try {
        await octokit.request(`DELETE ${path}`);
      } catch (error) {
        if (!isRequestError(error) || error.status !== 404) throw error;
      }
    },
  };
}

/**
 * An App: what is left of it for a person to do, and its installation where that is to be removed.
 * @throws SetupError, RequestError
 */
export async function surveyApp(
  access: AppAccess,
  { owner }: Policy["github"],
  isUninstalled: boolean,
): Promise<Found> {
  const app = await readApp(access);
  const settings = appSettingsUrl(webUrlOf(access.apiUrl), app);
  // The last that is told: what is left for a person to do.
  const left: Kept = {
    kind: "github-app",
    name: app.name,
    why: "GitHub lets only a person delete an App; until then its webhook goes on",
    remedy: `${settings}/advanced`,
  };
  const installation = app.installations.find(({ account }) => account.toLowerCase() === owner.toLowerCase());
  if (!installation) return { things: [], kept: [left] };
  const name = `${app.name} on ${owner}`;
  if (!isUninstalled) {
    const remedy = "modal-gha destroy --uninstall-app";
    return { things: [], kept: [{ kind: "installation", name, why: "others may use the App", remedy }, left] };
  }
  const remove = async () => {
    try {
      await appOctokit(access).request("DELETE /app/installations/{installation_id}", {
        installation_id: installation.id,
      });
    } catch (error) {
      if (!isRequestError(error) || error.status !== 404) throw error;
    }
  };
  return {
    things: [{ kind: "installation", name, id: String(installation.id), mark: "--uninstall-app", remove }],
    kept: [left],
  };
}
