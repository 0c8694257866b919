// Everything there is of a fleet, looked up anew each time. Where one part cannot be listed, none counts as known.
import { AbortError } from "../cli/errors.ts";
import { explainError } from "../cli/explain-error.ts";
import { runnersPath } from "../github/runners.ts";
import { unlessNotFound } from "../modal/apps.ts";
import { controllerAppName } from "../modal/names.ts";
import { type FleetApps, surveyApps } from "./apps.ts";
import { surveyApp, surveyHooks } from "./github.ts";
import { surveyImages } from "./images.ts";
import { surveyLocal } from "./local.ts";
import type { DestroyAccess } from "./open.ts";
import { type Runners, surveyRunners } from "./runners.ts";
import { type Found, surveySecret, surveyVolumes } from "./stored.ts";
import type { Kept, Removable } from "./things.ts";

export interface Survey {
  runners: Runners;
  apps: FleetApps;
  webhooks: Found;
  secrets: Removable[];
  images: Removable[];
  installations: Removable[];
  files: Removable[];
  kept: Kept[];
}

export interface SurveyOptions {
  /** What the error says of what was done before. */
  undone?: string;
  /** What was looked up already: in many repositories, that takes minutes. */
  known?: Partial<Pick<Survey, "runners" | "webhooks">>;
}

/** @throws AbortError naming each part that could not be listed */
export async function survey(access: DestroyAccess, options: SurveyOptions = {}): Promise<Survey> {
  const { client, policy, github } = access;
  const { undone = "nothing was removed", known = {} } = options;
  const { fleet } = policy;
  const runners = known.runners ? Promise.resolve(known.runners) : surveyRunnersOf(access);
  const apps = surveyApps(client, fleet);
  const secret = surveySecret(client, fleet);
  const volumes = surveyVolumes(client, policy);
  const webhooks = known.webhooks ? Promise.resolve(known.webhooks) : surveyHooksOf(access);
  const installations = Promise.all(
    (github?.apps ?? []).map((app) => surveyApp(app, policy.github, access.uninstallApp)),
  );
  const images = runners.then(({ others }) =>
    surveyImages(client, policy, { fleet, hasOthers: others.length > 0, isAsked: access.images }),
  );
  const parts = {
    runners,
    Apps: apps,
    Secret: secret,
    Volumes: volumes,
    images,
    webhooks,
    "GitHub App": installations,
  };
  await allListed(fleet, parts, undone);

  const local = access.local ? await surveyLocal(access) : { things: [], kept: [] };
  const found = [await secret, await images, await volumes, await webhooks, ...(await installations), local];
  return {
    runners: await runners,
    apps: await apps,
    webhooks: await webhooks,
    secrets: (await secret).things,
    images: (await images).things,
    installations: (await installations).flatMap(({ things }) => things),
    files: local.things,
    kept: [...(await runners).kept, ...(await apps).kept, ...found.flatMap(({ kept }) => kept)],
  };
}

/** The runners alone. @throws AbortError as survey() does */
export async function surveyRunnersNow(access: DestroyAccess, undone: string): Promise<Runners> {
  const runners = surveyRunnersOf(access);
  await allListed(access.policy.fleet, { runners }, undone);
  return runners;
}

async function surveyRunnersOf({ client, policy, github }: DestroyAccess): Promise<Runners> {
  const runners = await surveyRunners(client, policy, await github?.port?.registrations());
  if (!github || github.port) return runners;
  // Without the App nothing can be deregistered; that matters only while there is something to end.
  const { owner } = policy.github;
  if (runners.sandboxes.length > 0) throw notInstalled(owner);
  const why = `the App is not installed on ${owner}, so runners registered there cannot be seen`;
  return { ...runners, kept: [{ kind: "registration", name: owner, why, remedy: null }] };
}

function notInstalled(owner: string): AbortError {
  return new AbortError(`The App is not installed on ${owner}, so its runners there cannot be deregistered.`, {
    code: "not-installed",
    nextSteps: ["Install it again."],
  });
}

async function surveyHooksOf({ client, policy, github, settings }: DestroyAccess): Promise<Found> {
  const { octokit, port } = github ?? {};
  if (!octokit || !port) return { things: [], kept: [] };
  const { owner, scope } = policy.github;
  const url = settings.webhookUrl?.value ?? (await controllerHookUrl(client, policy.fleet));
  if (url === undefined) {
    const why = "with no controller and no webhookUrl stored, nothing tells which webhooks went to this fleet";
    const remedy = "MODAL_GHA_WEBHOOK_URL=<where they went> modal-gha destroy";
    return { things: [], kept: [{ kind: "webhook", name: owner, why, remedy }] };
  }
  const repositories = scope === "organization" ? [""] : await port.repositories();
  return surveyHooks(
    octokit,
    url,
    repositories.map((repository) => runnersPath(scope, owner, repository)),
  );
}

/** Where the deployed controller takes webhooks; undefined when none is deployed. */
async function controllerHookUrl(client: DestroyAccess["client"], fleet: string): Promise<string | undefined> {
  const request = { appName: controllerAppName(fleet), objectTag: "serve", environmentName: client.environmentName() };
  const found = await unlessNotFound(() => client.cpClient.functionGet({ ...request, appVersion: 0 }));
  const url = found?.handleMetadata?.webUrl.replace(/\/+$/, "");
  return url ? `${url}/webhook` : undefined;
}

/** Waits for all of them. @throws AbortError naming those that failed */
async function allListed(fleet: string, parts: Record<string, Promise<unknown>>, undone: string): Promise<void> {
  const names = Object.keys(parts);
  const settled = await Promise.allSettled(Object.values(parts));
  const failures = new Map<unknown, string>();
  for (const [index, result] of settled.entries()) {
    // What one part waits for in another fails it with the same error: told once.
    if (result.status === "rejected" && !failures.has(result.reason)) failures.set(result.reason, names[index] ?? "");
  }
  const [first] = failures.keys();
  if (first === undefined) return;
  const told = [...failures].map(([reason, name]) => ({ name, ...explainError(reason) }));
  const isGitHub = (name: string) => name === "webhooks" || name === "GitHub App" || name === "runners";
  throw new AbortError(`Not everything of fleet ${fleet} could be listed, so ${undone}.`, {
    code: "not-listed",
    why: told.map(({ name, message, why }) => `${name}: ${message}${why ? ` ${why}` : ""}`).join("\n  "),
    nextSteps: [
      ...new Set(told.flatMap(({ nextSteps }) => nextSteps)),
      ...(told.every(({ name }) => isGitHub(name)) ? ["If GitHub is at fault: modal-gha destroy --modal-only"] : []),
    ],
    exitCode: told[0]?.exitCode as AbortError["exitCode"],
    cause: first,
  });
}
