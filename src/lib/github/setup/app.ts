// A GitHub App as it is at GitHub: what it may do, where its webhook goes, and where it is installed.
import { createPrivateKey } from "node:crypto";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { octokitDefaults } from "../client.ts";
import { isRequestError } from "../errors.ts";
import { SetupError } from "./setup-error.ts";

/** Who an App is to GitHub, and which GitHub. */
export interface AppAccess {
  /** REST base address. */
  apiUrl: string;
  appId: string | number;
  /** PEM. A secret. */
  privateKey: string;
}

export interface AppInstallation {
  id: number;
  /** Login of the organisation or user. */
  account: string;
  isSuspended: boolean;
  repositorySelection: "all" | "selected";
  /** What the account has accepted, which may be less than the App asks for by now. */
  permissions: Record<string, string>;
  events: string[];
  /** Its settings page. */
  htmlUrl: string;
}

export interface AppFacts {
  appId: number;
  slug: string;
  name: string;
  htmlUrl: string;
  owner: string;
  /** Whether its owner is an organisation, by what GitHub says of the owner, or of the App's installation there. */
  isOfOrganization: boolean;
  permissions: Record<string, string>;
  events: string[];
  /** Absent for an App without a webhook. GitHub shows of a secret only that there is one. */
  hook: { url: string; contentType: string; hasSecret: boolean; isInsecure: boolean } | undefined;
  installations: AppInstallation[];
}

/** An Octokit that acts as the App itself, not as an installation of it. */
export function appOctokit({ apiUrl, appId, privateKey }: AppAccess): Octokit {
  const baseUrl = apiUrl.replace(/\/+$/, "");
  return new Octokit({ ...octokitDefaults, baseUrl, authStrategy: createAppAuth, auth: { appId, privateKey } });
}

/** @throws SetupError (app-not-found, app-key-refused); RequestError otherwise */
export async function readApp(access: AppAccess): Promise<AppFacts> {
  const octokit = appOctokit(access);
  return asApp(access, async () => {
    const { data: app } = await octokit.request("GET /app");
    const installations = await octokit.paginate("GET /app/installations", { per_page: 100 });
    if (app === null) throw new Error("GitHub's answer about the App is empty.");
    const owner = "login" in app.owner ? app.owner.login : app.owner.slug;
    const isAtOrganization = (each: ApiInstallation) =>
      each.target_type === "Organization" && toInstallation(each).account === owner;
    return {
      appId: app.id,
      slug: app.slug ?? "",
      name: app.name,
      htmlUrl: app.html_url,
      owner,
      isOfOrganization:
        ("type" in app.owner && app.owner.type === "Organization") || installations.some(isAtOrganization),
      permissions: stringsOf(app.permissions),
      events: app.events,
      hook: await readHook(octokit),
      installations: installations.map(toInstallation),
    };
  });
}

async function readHook(octokit: Octokit): Promise<AppFacts["hook"]> {
  try {
    const { data } = await octokit.request("GET /app/hook/config");
    if (!data.url) return undefined;
    const { url, content_type: contentType = "form", secret, insecure_ssl: insecure } = data;
    return { url, contentType, hasSecret: Boolean(secret), isInsecure: String(insecure) === "1" };
  } catch (error) {
    if (isRequestError(error) && error.status === 404) return undefined;
    throw error;
  }
}

type ApiInstallation = Awaited<ReturnType<Octokit["rest"]["apps"]["getInstallation"]>>["data"];

export function toInstallation(installation: ApiInstallation): AppInstallation {
  const { account } = installation;
  return {
    id: installation.id,
    account: account === null ? "" : "login" in account ? account.login : account.slug,
    isSuspended: Boolean(installation.suspended_at),
    repositorySelection: installation.repository_selection,
    permissions: stringsOf(installation.permissions),
    events: installation.events,
    htmlUrl: installation.html_url,
  };
}

function stringsOf(permissions: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(permissions).filter((entry): entry is [string, string] => !!entry[1]));
}

/**
 * Points the App's webhook to an address, as JSON and with certificates checked. Its events and whether it is active
 * cannot be changed by the API.
 * @param hook without a secret, the one that there is stays
 * @throws SetupError (app-not-found, app-key-refused); RequestError otherwise
 */
export async function setHook(access: AppAccess, hook: { url: string; secret?: string }): Promise<void> {
  const { url, secret } = hook;
  const data = { url, content_type: "json", insecure_ssl: "0", ...(secret !== undefined && { secret }) };
  // As `data`: Octokit takes a parameter `url` for the address of the request itself, and would send the secret there.
  await asApp(access, () => appOctokit(access).request("PATCH /app/hook/config", { data }));
}

/** Where a person installs the App. */
export function installationUrl({ htmlUrl }: { htmlUrl: string }): string {
  return `${htmlUrl}/installations/new`;
}

/** Tells the ways in which an App's key is of no use. */
export async function asApp<T>({ appId, privateKey }: AppAccess, call: () => Promise<T>): Promise<T> {
  if (!isPrivateKey(privateKey)) {
    throw keyRefused(appId, "It cannot be read: it should be all of a PEM file from GitHub.");
  }
  try {
    return await call();
  } catch (error) {
    if (!isRequestError(error)) throw error;
    if (error.status === 404 && /integration not found/i.test(error.message)) {
      throw new SetupError("app-not-found", `GitHub has no App with the id ${appId}.`, {
        why: "The id is wrong, the App was deleted, or it is at another GitHub than the one that is asked.",
        nextSteps: ["Look up the App id on the App's settings page, under General.", "Check GITHUB_API_URL."],
        cause: error,
      });
    }
    if (error.status === 401) throw keyRefused(appId, `GitHub answered 401: ${error.message}`, error);
    throw error;
  }
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}

function keyRefused(appId: string | number, why: string, cause?: unknown): SetupError {
  return new SetupError("app-key-refused", `GitHub does not accept the private key of App ${appId}.`, {
    why,
    nextSteps: [
      "Check that the key is listed on the App's settings page, under Private keys; generate a new one if it is not.",
      "Check that the App id belongs to the same App.",
    ],
    cause,
  });
}
