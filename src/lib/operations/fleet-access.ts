// Opens the operator's fleet: settings, policy, and connections to GitHub and Modal, for any command.
import type { Octokit } from "@octokit/rest";
import { AbortError } from "../cli/errors.ts";
import type { GitHub, Modal } from "../fleet/ports.ts";
import type { GitHubCredentials } from "../github/credentials.ts";
import type { ModalAccess } from "../modal/client.ts";
import { type LoadedPolicy, loadPolicy } from "../policy/load.ts";
import type { Policy } from "../policy/schema.ts";
import { furtherGitHubApps, githubCredentials } from "../settings/credentials.ts";
import { resolveSettings } from "../settings/settings.ts";
import { SettingsStore } from "../settings/store.ts";

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

export interface FleetAccessOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** `--policy`. */
  policyFile?: string | undefined;
  /** Hears warnings, such as of a key file that others can read. */
  warn(text: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The half of a fleet that is at GitHub. */
export type GitHubSide = Pick<FleetAccess, "octokit" | "isApp" | "github">;
/** The half of a fleet that is at Modal. */
export type ModalSide = Pick<FleetAccess, "modal" | "modalAccess" | "close">;

/**
 * Connects to both services at once.
 * @throws AbortError with what to type next, or what a service's SDK throws
 */
export async function openFleet(options: FleetAccessOptions): Promise<FleetAccess> {
  const { policy, connectGitHub, connectModal } = await prepareFleet(options);
  const [github, modal] = await Promise.all([connectGitHub(), connectModal()]);
  return { policy, ...github, ...modal };
}

/** A fleet whose settings are read, and nobody asked yet: for what can do with one of the two services. */
export interface PreparedFleet {
  policy: Policy;
  /** REST base address. */
  githubApiUrl: string;
  /** @throws what Octokit throws */
  connectGitHub(): Promise<GitHubSide>;
  /** @throws what the SDK throws */
  connectModal(): Promise<ModalSide>;
}

/** @throws AbortError when the policy or GitHub's credentials are missing or cannot be read */
export async function prepareFleet(options: FleetAccessOptions): Promise<PreparedFleet> {
  const settings = await resolveSettings({
    flags: { policyFile: options.policyFile },
    env: options.env,
    store: new SettingsStore(),
  });
  const { policy } = await readPolicy(settings.policyFile.value);
  const credentials = await githubCredentials(settings, options.warn);
  const isApp = credentials.kind === "app";
  const further = isApp ? await furtherGitHubApps(options.env, options.warn) : [];
  return {
    policy,
    githubApiUrl: settings.githubApiUrl.value,
    // Loaded here, so that `--help` and the like need not wait for either SDK.
    async connectGitHub() {
      const [client, { fleetGitHub }] = await Promise.all([
        import("../github/client.ts"),
        import("../github/fleet-github.ts"),
      ]);
      const connect = (who: GitHubCredentials) =>
        client.connectGitHub({ apiUrl: settings.githubApiUrl.value, credentials: who, owner: policy.github.owner });
      const [octokit, ...others] = await Promise.all([connect(credentials), ...further.map(connect)]);
      const { now, warn } = options;
      return { octokit, isApp, github: fleetGitHub({ octokit, others, policy, isApp, now, warn }) };
    },
    async connectModal() {
      const [client, { sandboxesOnModal }] = await Promise.all([
        import("../modal/client.ts"),
        import("../modal/sandboxes.ts"),
      ]);
      const modalAccess = await client.connectModal({ fleet: policy.fleet });
      return { modal: sandboxesOnModal(modalAccess, policy.fleet), modalAccess, close: modalAccess.close };
    },
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
