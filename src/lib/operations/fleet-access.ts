// Opens the operator's fleet: settings, policy, and connections to GitHub and Modal, for any command.
import type { Octokit } from "@octokit/rest";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { explainError } from "../cli/explain-error.ts";
import type { GitHub, Modal } from "../fleet/ports.ts";
import type { GitHubCredentials } from "../github/credentials.ts";
import type { Hook } from "../github/deliveries.ts";
import type { ModalAccess } from "../modal/client.ts";
import { type LoadedPolicy, loadPolicy } from "../policy/load.ts";
import type { Policy } from "../policy/schema.ts";
import { furtherGitHubApps, githubCredentials } from "../settings/credentials.ts";
import { resolveSettings } from "../settings/settings.ts";
import { SettingsStore } from "../settings/store.ts";

export interface FleetAccess {
  policy: Policy;
  /** The file that the policy was read from, and what is in it. */
  policyFile: string;
  policyText: string;
  octokit: Octokit;
  /** Whether we are a GitHub App there, rather than the owner of a token. */
  isApp: boolean;
  github: GitHub;
  modal: Modal;
  modalAccess: ModalAccess;
  /** The webhooks that bring the fleet its news. @throws AbortError when nothing says which they are */
  hooks(): Promise<Hook[]>;
  close(): void;
}

export interface FleetAccessOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** `--policy`. */
  policyFile?: string | undefined;
  /** Opens the fleet also while a service is down: calls to it fail one by one then. */
  toleratesOutages?: boolean;
  /** Hears warnings, such as of a key file that others can read. */
  warn(text: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Connects to both services at once.
 * @throws AbortError with what to type next, or what a service's SDK throws
 */
export async function openFleet(options: FleetAccessOptions): Promise<FleetAccess> {
  const settings = await resolveSettings({
    flags: { policyFile: options.policyFile },
    env: options.env,
    store: new SettingsStore(),
  });
  const { policy, file, text } = await readPolicy(settings.policyFile.value);
  const credentials = await githubCredentials(settings, options.warn);
  // Loaded here, so that `--help` and the like need not wait for either SDK.
  const [
    { connectGitHub, unreachableGitHub },
    { fleetGitHub },
    { connectModal, unreachableModal },
    { sandboxesOnModal },
  ] = await Promise.all([
    import("../github/client.ts"),
    import("../github/fleet-github.ts"),
    import("../modal/client.ts"),
    import("../modal/sandboxes.ts"),
  ]);
  const isApp = credentials.kind === "app";
  const further = isApp ? await furtherGitHubApps(options.env, options.warn) : [];
  const orUnreachable = async <T>(connecting: Promise<T>, stand: (error: Error) => T): Promise<T> => {
    if (!options.toleratesOutages) return connecting;
    return connecting.catch((error: Error) => {
      // An outage passes by itself; wrong credentials do not.
      if (explainError(error).exitCode !== ExitCode.Failure) throw error;
      return stand(error);
    });
  };
  const connect = (who: GitHubCredentials) =>
    orUnreachable(
      connectGitHub({ apiUrl: settings.githubApiUrl.value, credentials: who, owner: policy.github.owner }),
      unreachableGitHub,
    );
  const [octokit, modalAccess, ...others] = await Promise.all([
    connect(credentials),
    orUnreachable(connectModal({ fleet: policy.fleet }), unreachableModal),
    ...further.map(connect),
  ]);
  return {
    policy,
    policyFile: file,
    policyText: text,
    octokit,
    isApp,
    github: fleetGitHub({ octokit, others, policy, isApp, now: options.now, warn: options.warn }),
    modal: sandboxesOnModal(modalAccess, policy.fleet),
    modalAccess,
    hooks: async () => {
      const { fleetHooks } = await import("./delivery-access.ts");
      return fleetHooks([octokit, ...others], policy, isApp, options.env["MODAL_GHA_WEBHOOK_URL"]);
    },
    close: modalAccess.close,
  };
}

/** @throws AbortError when there is no such file, PolicyError when it is no policy */
export async function readPolicy(file: string): Promise<LoadedPolicy> {
  try {
    return await loadPolicy(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new AbortError(`There is no policy file ${file}.`, {
      code: "no-policy",
      why: "The policy says which pools, repositories and limits the fleet has.",
      nextSteps: [
        "Go to the folder that has it, or name it with --policy <file> or MODAL_GHA_POLICY.",
        'To try without one: modal-gha dev, and in another terminal: eval "$(modal-gha dev env)"',
      ],
      cause: error,
    });
  }
}
