// The App on the owner's account: waits for a person to install it, and looks whether it may do there what a fleet needs.

import { formatDuration } from "../cli/durations.ts";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { AppFacts, AppInstallation } from "../github/setup/app.ts";
import type { AppStep } from "./app-step.ts";
import type { Bench } from "./bench.ts";
import type { Told } from "./progress.ts";

export interface InstallationStep extends Told {
  installation: AppInstallation;
}

/** How long a person may take who was asked to install the App. */
const patienceMs = 30 * 60_000;

/**
 * Unless told how long, it waits as long as a person may take where one is there, else not at all.
 * @throws AbortError, SetupError (app-not-found, app-key-refused), the signal's reason
 */
export async function installationStep(bench: Bench, app: AppStep): Promise<InstallationStep> {
  const waitMs = bench.waitMs ?? (bench.asker || app.created ? patienceMs : 0);
  const { owner } = bench.policy.github;
  const { awaitInstallation, findInstallation } = await import("../github/setup/installation.ts");
  let installation = await findInstallation(app.access, owner);
  const isThere = installation !== undefined && !installation.isSuspended;
  if (!installation || installation.isSuspended) {
    if (waitMs === 0) throw notThere(app.facts, owner, installation);
    invite(bench, app, installation, waitMs);
    try {
      installation = await awaitInstallation(app.access, owner, {
        signal: bench.signal,
        timeoutMs: waitMs,
        sleep: bench.sleep,
      });
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "not-installed" && code !== "installation-suspended") throw error;
      throw notThere(app.facts, owner, await findInstallation(app.access, owner), error);
    }
  }
  await assertRights(bench, app.facts, installation);
  for (const repository of await unseen(bench, app, installation)) {
    bench.listener.note(
      `Warning: the App is not installed on ${repository}, which the policy names: ${installation.htmlUrl}`,
    );
  }
  const which = installation.repositorySelection === "all" ? "all repositories" : "selected repositories";
  return { installation, state: isThere ? "done" : "made", detail: `installed on ${which} of ${installation.account}` };
}

function invite(
  { listener, openBrowser }: Bench,
  app: AppStep,
  found: AppInstallation | undefined,
  waitMs: number,
): void {
  const url = found?.htmlUrl ?? pageOf(app.facts);
  const what = found ? "Unsuspend the App" : "Install the App";
  listener.note(`${what}: ${url}\nWaiting for that, ${formatDuration(waitMs)} at most.`);
  // The page at the end of making an App leads there by itself.
  if (!app.created) openBrowser?.(url).catch(() => undefined);
}

function pageOf({ htmlUrl }: AppFacts): string {
  return `${htmlUrl}/installations/new`;
}

function notThere(facts: AppFacts, owner: string, found: AppInstallation | undefined, cause?: unknown): AbortError {
  if (found) {
    return new AbortError(`The App's installation on ${owner} is suspended.`, {
      code: "installation-suspended",
      why: "One of the account's owners, or the App's, has suspended it: GitHub lets it do nothing.",
      nextSteps: [`Unsuspend it: ${found.htmlUrl}`, "Then run this again: modal-gha init"],
      cause,
    });
  }
  const elsewhere = facts.installations.map(({ account }) => account).join(", ");
  return new AbortError(`The App ${facts.name} is not installed on ${owner}.`, {
    code: "not-installed",
    why: elsewhere === "" ? "It is installed nowhere yet." : `It is installed on ${elsewhere}. Is the owner right?`,
    nextSteps: [
      `Let an owner of ${owner} install it: ${pageOf(facts)}`,
      "Then run this again: modal-gha init; or let it wait for that: --wait 15m",
    ],
    cause,
  });
}

async function assertRights(
  { policy, settings }: Bench,
  facts: AppFacts,
  installation: AppInstallation,
): Promise<void> {
  const [{ missingEvents, missingPermissions }, { appSettingsUrl, webUrlOf }] = await Promise.all([
    import("../github/setup/manifest.ts"),
    import("../github/setup/web-url.ts"),
  ]);
  const { scope } = policy.github;
  const lacks = (has: Pick<AppFacts, "permissions" | "events">) => [
    ...missingPermissions(scope, has.permissions),
    ...missingEvents(has.events).map((event) => `the event ${event}`),
  ];
  const ofApp = lacks(facts);
  const missing = ofApp.length > 0 ? ofApp : lacks(installation);
  if (missing.length === 0) return;
  const webUrl = settings.githubWebUrl?.value ?? webUrlOf(settings.githubApiUrl.value);
  const page = `${appSettingsUrl(webUrl, facts)}/permissions`;
  const nextSteps =
    ofApp.length > 0
      ? [`Give it to the App, under "Permissions & events": ${page}`, `Then accept it: ${installation.htmlUrl}`]
      : [`The App asks for it, and the account has not accepted that yet: ${installation.htmlUrl}`];
  throw new AbortError(`The GitHub App lacks ${missing.join(", ")}.`, {
    code: "missing-permissions",
    exitCode: ExitCode.Authentication,
    why: "Without that, the controller hears of no job, or gets no runner registered.",
    nextSteps: [...nextSteps, "Then run this again: modal-gha init"],
  });
}

/** Repositories that the policy names in full and the App does not see. */
async function unseen({ policy, settings }: Bench, app: AppStep, installation: AppInstallation): Promise<string[]> {
  const named = policy.access.repositories.filter((pattern) => !pattern.includes("*"));
  if (installation.repositorySelection === "all" || named.length === 0) return [];
  const [{ connectGitHub }, { readRepositories }] = await Promise.all([
    import("../github/client.ts"),
    import("../github/jobs.ts"),
  ]);
  const { owner } = policy.github;
  const { appId, privateKey } = app.access;
  const credentials = { kind: "app", appId: String(appId), privateKey } as const;
  const octokit = await connectGitHub({ apiUrl: settings.githubApiUrl.value, credentials, owner });
  const seen = (await readRepositories(octokit, owner, true)).map((name) => name.toLowerCase());
  return named.filter((name) => !seen.includes(name.toLowerCase()));
}
