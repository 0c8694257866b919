// Connects to what a fleet is to be destroyed at. Unlike other commands it makes nothing, not even the fleet's App.
import type { Octokit } from "@octokit/rest";
import type { ModalClient } from "modal";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { explainError } from "../cli/explain-error.ts";
import type { GitHub } from "../fleet/ports.ts";
import { isRequestError } from "../github/errors.ts";
import type { AppAccess } from "../github/setup/app.ts";
import { type OpenPolicyOptions, openPolicy } from "../operations/open-policy.ts";
import type { Policy } from "../policy/schema.ts";
import { furtherGitHubApps, githubCredentials } from "../settings/credentials.ts";
import type { Settings } from "../settings/settings.ts";

export interface DestroyOptions extends OpenPolicyOptions {
  /** Leaves GitHub alone. */
  modalOnly: boolean;
  uninstallApp: boolean;
  local: boolean;
  /** Removes images also where other fleets may use them. */
  images: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits so many milliseconds. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Ends whatever is waited for. */
  signal: AbortSignal;
}

export interface GitHubSide {
  /** Undefined when the App is not installed at the owner's: then nothing there can be seen. */
  port: GitHub | undefined;
  /** With a token: for webhooks of organisation and repositories. */
  octokit: Octokit | undefined;
  apps: AppAccess[];
}

export interface DestroyAccess extends DestroyOptions {
  policy: Policy;
  settings: Settings;
  client: ModalClient;
  /** Undefined with --modal-only. */
  github: GitHubSide | undefined;
  close(): void;
}

/** @throws AbortError with what to type next, or what the modal SDK throws */
export async function openForDestroy(options: DestroyOptions): Promise<DestroyAccess> {
  const { policy, settings, file } = await openPolicy(options);
  const { fleet } = settings;
  if (fleet !== undefined && fleet.value !== policy.fleet) throw ofAnotherFleet(fleet.value, policy.fleet, file);
  const github = options.modalOnly ? undefined : await orModalOnly(() => openGitHub(settings, policy, options));
  const { openModal } = await import("../modal/client.ts");
  const { client, close } = await openModal();
  return { ...options, policy, settings, client, github, close };
}

/** Half of it would be removed of one fleet, half of the other. */
function ofAnotherFleet(fleet: string, policyFleet: string, file: string): AbortError {
  return new AbortError(`The settings are those of the fleet ${fleet}, and the policy is another's.`, {
    code: "other-fleet",
    exitCode: ExitCode.Usage,
    why: `${file} says fleet: ${policyFleet}.`,
    nextSteps: [
      `To remove ${policyFleet}, without --fleet and MODAL_GHA_FLEET_PROFILE: modal-gha destroy --policy ${file}`,
      `To remove ${fleet}: modal-gha destroy --fleet ${fleet} --policy <its policy>`,
    ],
  });
}

async function openGitHub(settings: Settings, policy: Policy, options: DestroyOptions): Promise<GitHubSide> {
  const { env, warn, now, sleep, signal } = options;
  const first = await githubCredentials(settings, warn);
  const [{ connectGitHub }, { fleetGitHub }, { waitOutLimits }] = await Promise.all([
    import("../github/client.ts"),
    import("../github/fleet-github.ts"),
    import("../github/patience.ts"),
  ]);
  const isApp = first.kind === "app";
  const apiUrl = settings.githubApiUrl.value;
  const further = isApp ? await furtherGitHubApps(env, warn) : [];
  const apps = [first, ...further].flatMap((each) => (each.kind === "app" ? [{ apiUrl, ...each }] : []));
  try {
    const octokit = await connectGitHub({
      ...{ apiUrl, credentials: first, owner: policy.github.owner, now },
      sleep: (ms) => sleep(ms, signal),
    });
    waitOutLimits(octokit, { signal, sleep, now, say: warn });
    const port = fleetGitHub({ octokit, policy, isApp, warn, now });
    return { port, octokit: isApp ? undefined : octokit, apps };
  } catch (error) {
    const isMissing = isApp && isRequestError(error) && error.status === 404 && !/integration/i.test(error.message);
    if (!isMissing) throw error;
    return { port: undefined, octokit: undefined, apps };
  }
}

async function orModalOnly<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { code, message, why, nextSteps, exitCode } = explainError(error);
    throw new AbortError("GitHub cannot be looked at, so nothing was removed.", {
      why: why === undefined ? message : `${message} ${why}`,
      nextSteps: [...nextSteps, "Or remove what is at Modal alone: modal-gha destroy --modal-only"],
      code,
      exitCode: exitCode as AbortError["exitCode"],
      cause: error,
    });
  }
}
