// What our GitHub App asks for: the least that a fleet needs, as a manifest, and what an App that is there lacks of it.
import { createHash } from "node:crypto";
import { hookEvents } from "../hooks.ts";
import { newAppUrl } from "./web-url.ts";

/** Where runners are registered; as in the policy. */
export type Scope = "organization" | "repository";
export type Level = "read" | "write" | "admin";

/** Source: docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest#github-app-manifest-parameters */
export interface AppManifest {
  name: string;
  /** The App's home page. */
  url: string;
  description: string;
  public: boolean;
  hook_attributes: { url: string; active: boolean };
  /** Where GitHub sends the browser with the code; the manifest flow fills in its own. */
  redirect_url?: string;
  /** Where GitHub sends the browser after an installation; GitHub's own page of it where absent. */
  setup_url?: string;
  default_events: string[];
  default_permissions: Record<string, Level>;
}

export interface ManifestWish {
  fleet: string;
  /** The organisation or user. */
  owner: string;
  scope: Scope;
  /** The controller's `/webhook`. GitHub refuses one that it cannot reach: deploy first. */
  hookUrl: string;
  redirectUrl?: string;
  setupUrl?: string;
}

/**
 * Which call takes what (docs.github.com/rest/authentication/permissions-required-for-github-apps):
 * - actions: read for a run, its jobs and their logs (jobs.ts, operations/job-log.ts) and for the event `workflow_job`;
 * - metadata: read for the repositories of the installation (jobs.ts); every App has it;
 * - organization_self_hosted_runners: read to list runners and runner groups, write to register and remove runners
 *   (runners.ts, runner-groups.ts);
 * - administration: the same for runners of a repository (runners.ts).
 * Nothing is needed for `/app`, its webhook and deliveries, and installations: there the App is itself.
 */
const permissions: Record<Scope, Record<string, Level>> = {
  organization: { actions: "read", metadata: "read", organization_self_hosted_runners: "write" },
  repository: { actions: "read", metadata: "read", administration: "write" },
};

/** Docs "Registering a GitHub App": "Your GitHub App name cannot be longer than 34 characters." */
const longestName = 34;

export function appManifest(wish: ManifestWish): AppManifest {
  const { fleet, owner, scope, hookUrl, redirectUrl, setupUrl } = wish;
  return {
    name: appName(wish),
    url: "https://modal.com",
    description: `Starts a runner on Modal for each job of ${owner} that asks for one (modal-gha, fleet ${fleet}).`,
    public: false,
    hook_attributes: { url: hookUrl, active: true },
    ...(redirectUrl !== undefined && { redirect_url: redirectUrl }),
    ...(setupUrl !== undefined && { setup_url: setupUrl }),
    default_events: [...hookEvents],
    default_permissions: { ...permissions[scope] },
  };
}

/** Names of Apps are unique at GitHub: the end is made of whose fleet it is and where its controller runs. */
function appName({ fleet, owner, hookUrl }: ManifestWish): string {
  const end = createHash("sha256").update(`${owner.toLowerCase()}/${fleet}/${hookUrl}`).digest("hex").slice(0, 6);
  const whole = fleet.toLowerCase() === owner.toLowerCase() ? `modal-gha-${fleet}` : `modal-gha-${fleet}-${owner}`;
  return `${whole.slice(0, longestName - end.length - 1).replace(/[^A-Za-z0-9]+$/, "")}-${end}`;
}

const ranks: readonly (string | undefined)[] = [undefined, "read", "write", "admin"];

/** What a fleet needs and an App, or its installation, does not have: `actions: read`. */
export function missingPermissions(scope: Scope, granted: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(permissions[scope])
    .filter(([name, level]) => ranks.indexOf(granted[name]) < ranks.indexOf(level))
    .map(([name, level]) => `${name}: ${level}`);
}

/** Events that a fleet needs and an App, or its installation, does not listen to. */
export function missingEvents(listenedTo: readonly string[]): string[] {
  return hookEvents.filter((event) => !listenedTo.includes(event));
}

/**
 * The page on which a person makes the same App by hand: filled in, but for the webhook's secret.
 * Source: docs.github.com/apps/sharing-github-apps/registering-a-github-app-using-url-parameters
 */
export function byHandUrl(
  webUrl: string,
  owner: string,
  ownerType: "Organization" | "User",
  manifest: AppManifest,
): string {
  const url = new URL(newAppUrl(webUrl, owner, ownerType));
  const { name, description, hook_attributes: hook } = manifest;
  const fields = { name, description, url: manifest.url, public: "false", ...manifest.default_permissions };
  for (const [field, value] of Object.entries(fields)) url.searchParams.set(field, value);
  url.searchParams.set("webhook_active", "true");
  url.searchParams.set("webhook_url", hook.url);
  for (const event of manifest.default_events) url.searchParams.append("events[]", event);
  return url.toString();
}
