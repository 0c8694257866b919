// Opens the operator's fleet: settings, policy, and connections to GitHub and Modal, for any command.
import type { Octokit } from "@octokit/rest";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { explainError } from "../cli/explain-error.ts";
import type { GitHub, Modal } from "../fleet/ports.ts";
import type { GitHubCredentials } from "../github/credentials.ts";
import type { Hook } from "../github/deliveries.ts";
import type { PacedOctokit } from "../github/pace.ts";
import type { ModalAccess } from "../modal/client.ts";
import { appName } from "../modal/names.ts";
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

/** The half of a fleet that is at GitHub. */
export type GitHubSide = Pick<FleetAccess, "isApp" | "github" | "hooks"> & { octokit: PacedOctokit };
/** The half of a fleet that is at Modal. */
export type ModalSide = Pick<FleetAccess, "modal" | "modalAccess" | "close">;

/**
 * Connects to both services at once.
 * @throws AbortError with what to type next, or what a service's SDK throws
 */
export async function openFleet(options: FleetAccessOptions): Promise<FleetAccess> {
  const { connectGitHub, connectModal, githubApiUrl, ...prepared } = await prepareFleet(options);
  const [github, modal] = await Promise.all([
    connectGitHub(options.toleratesOutages),
    connectModal(options.toleratesOutages),
  ]);
  return { ...prepared, ...github, ...modal };
}

/** A fleet whose settings are read, and nobody asked yet: for what can do with one of the two services for a while. */
export interface PreparedFleet extends Pick<FleetAccess, "policy" | "policyFile" | "policyText"> {
  /** REST base address. */
  githubApiUrl: string;
  /** @param toleratesOutage lets each call fail later, rather than this one now. @throws what Octokit throws */
  connectGitHub(toleratesOutage?: boolean): Promise<GitHubSide>;
  /** @param toleratesOutage lets each call fail later, rather than this one now. @throws what the SDK throws */
  connectModal(toleratesOutage?: boolean): Promise<ModalSide>;
}

/** @throws AbortError when the policy or GitHub's credentials are missing or cannot be read */
export async function prepareFleet(options: FleetAccessOptions): Promise<PreparedFleet> {
  const { env, warn, now } = options;
  const { policy, file, text, settings } = await openPolicy(options);
  const credentials = await githubCredentials(settings, warn);
  const isApp = credentials.kind === "app";
  const further = isApp ? await furtherGitHubApps(env, warn) : [];
  const githubApiUrl = settings.githubApiUrl.value;
  return {
    policy,
    policyFile: file,
    policyText: text,
    githubApiUrl,
    // Loaded here, so that `--help` and the like need not wait for either SDK.
    async connectGitHub(toleratesOutage = false) {
      const [{ connectGitHub, unreachableGitHub }, { fleetGitHub }] = await Promise.all([
        import("../github/client.ts"),
        import("../github/fleet-github.ts"),
      ]);
      const connect = (who: GitHubCredentials) => {
        const connecting = connectGitHub({ apiUrl: githubApiUrl, credentials: who, owner: policy.github.owner });
        return toleratesOutage ? orStandIn(connecting, unreachableGitHub) : connecting;
      };
      const [octokit, ...others] = await Promise.all([connect(credentials), ...further.map(connect)]);
      return {
        octokit,
        isApp,
        github: fleetGitHub({ octokit, others, policy, isApp, now, warn }),
        hooks: async () => {
          const { fleetHooks } = await import("./delivery-access.ts");
          return fleetHooks([octokit, ...others], policy, isApp, settings.webhookUrl?.value);
        },
      };
    },
    async connectModal(toleratesOutage = false) {
      const [{ connectModal, unreachableModal }, { sandboxesOnModal }] = await Promise.all([
        import("../modal/client.ts"),
        import("../modal/sandboxes.ts"),
      ]);
      const connecting = connectModal({ fleet: policy.fleet }).catch((error: Error) => {
        throw error.name === "NotFoundError" ? noSuchFleet(policy.fleet, file, error) : error;
      });
      const modalAccess = await (toleratesOutage ? orStandIn(connecting, unreachableModal) : connecting);
      return { modal: sandboxesOnModal(modalAccess, policy.fleet), modalAccess, close: modalAccess.close };
    },
  };
}

const noFleet = "no-fleet";

/** A name that is mistyped must not look like a fleet without runners. */
function noSuchFleet(fleet: string, policyFile: string, cause: Error): AbortError {
  return new AbortError(`There is no fleet ${fleet} at Modal.`, {
    code: noFleet,
    why: `Modal has no App ${appName(fleet)} in this workspace and Environment.`,
    nextSteps: [
      "modal-gha init   # sets it up",
      `If it should be there, look at "fleet:" in ${policyFile}, and at what is asked: modal-gha doctor --check modal`,
    ],
    cause,
  });
}

/** What stands for a service that is down. An outage passes by itself; wrong credentials do not, nor does a wrong name. */
function orStandIn<T>(connecting: Promise<T>, standIn: (error: Error) => T | Promise<T>): Promise<T> {
  return connecting.catch((error: Error) => {
    const { exitCode, code } = explainError(error);
    if (exitCode !== ExitCode.Failure || code === noFleet) throw error;
    return standIn(error);
  });
}
