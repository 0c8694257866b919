// Opens the operator's fleet: settings, policy, and connections to GitHub and Modal, for any command.
import type { Octokit } from "@octokit/rest";
import { ExitCode } from "../cli/exit-codes.ts";
import { explainError } from "../cli/explain-error.ts";
import type { GitHub, Modal } from "../fleet/ports.ts";
import type { GitHubCredentials } from "../github/credentials.ts";
import type { Hook } from "../github/deliveries.ts";
import type { ModalAccess } from "../modal/client.ts";
import type { Policy } from "../policy/schema.ts";
import { furtherGitHubApps, githubCredentials } from "../settings/credentials.ts";
import { type OpenPolicyOptions, openPolicy } from "./open-policy.ts";

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

export interface FleetAccessOptions extends OpenPolicyOptions {
  /** Opens the fleet also while a service is down: calls to it fail one by one then. */
  toleratesOutages?: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Connects to both services at once.
 * @throws AbortError with what to type next, or what a service's SDK throws
 */
export async function openFleet(options: FleetAccessOptions): Promise<FleetAccess> {
  const { policy, file, text, settings } = await openPolicy(options);
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
      return fleetHooks([octokit, ...others], policy, isApp, settings.webhookUrl?.value);
    },
    close: modalAccess.close,
  };
}
