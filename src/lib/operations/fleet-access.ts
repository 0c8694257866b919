// Opens the operator's fleet: settings, policy, and connections to GitHub and Modal, for any command.
import type { Octokit } from "@octokit/rest";
import type { GitHub, Modal } from "../fleet/ports.ts";
import type { GitHubCredentials } from "../github/credentials.ts";
import type { ModalAccess } from "../modal/client.ts";
import type { Policy } from "../policy/schema.ts";
import { furtherGitHubApps, githubCredentials } from "../settings/credentials.ts";
import { type OpenPolicyOptions, openPolicy } from "./open-policy.ts";

export interface FleetAccess {
  policy: Policy;
  octokit: Octokit;
  /** Whether we are a GitHub App there, rather than the owner of a token. */
  isApp: boolean;
  github: GitHub;
  modal: Modal;
  modalAccess: ModalAccess;
  close(): void;
}

export interface FleetAccessOptions extends OpenPolicyOptions {
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Connects to both services at once.
 * @throws AbortError with what to type next, or what a service's SDK throws
 */
export async function openFleet(options: FleetAccessOptions): Promise<FleetAccess> {
  const { policy, settings } = await openPolicy(options);
  const credentials = await githubCredentials(settings, options.warn);
  // Loaded here, so that `--help` and the like need not wait for either SDK.
  const [{ connectGitHub }, { fleetGitHub }, { connectModal }, { sandboxesOnModal }] = await Promise.all([
    import("../github/client.ts"),
    import("../github/fleet-github.ts"),
    import("../modal/client.ts"),
    import("../modal/sandboxes.ts"),
  ]);
  const further = credentials.kind === "app" ? await furtherGitHubApps(options.env, options.warn) : [];
  const connect = (who: GitHubCredentials) =>
    connectGitHub({ apiUrl: settings.githubApiUrl.value, credentials: who, owner: policy.github.owner });
  const [octokit, modalAccess, ...others] = await Promise.all([
    connect(credentials),
    connectModal({ fleet: policy.fleet }),
    ...further.map(connect),
  ]);
  return {
    policy,
    octokit,
    isApp: credentials.kind === "app",
    github: fleetGitHub({
      octokit,
      others,
      policy,
      isApp: credentials.kind === "app",
      now: options.now,
      warn: options.warn,
    }),
    modal: sandboxesOnModal(modalAccess, policy.fleet),
    modalAccess,
    close: modalAccess.close,
  };
}
