// Opens what commands about images need: the policy, Modal, and GitHub where there are credentials for it.
import type { Octokit } from "@octokit/rest";
import { AbortError } from "../cli/errors.ts";
import type { Deprecation } from "../github/deprecations.ts";
import type { ModalAccess, ModalConnection } from "../modal/client.ts";
import type { Policy } from "../policy/schema.ts";
import { githubCredentials } from "../settings/credentials.ts";
import type { Settings } from "../settings/settings.ts";
import { type OpenPolicyOptions, openPolicy } from "./open-policy.ts";

export interface ImageAccess<M extends ModalConnection = ModalConnection> {
  policy: Policy;
  modal: M;
  github: GitHubIfAny;
}

export interface GitHubIfAny {
  octokit: Octokit;
  /** When GitHub stops giving jobs to this version, where it can be asked. Says why on `warn` where it cannot. */
  deprecation(version: string): Promise<Deprecation | undefined>;
}

/** To look. @throws AbortError with what to type next, or what the modal SDK throws */
export async function openImageAccess(options: OpenPolicyOptions): Promise<ImageAccess> {
  const found = await prepare(options);
  const { openModal } = await import("../modal/client.ts");
  return { ...found, modal: await openModal() };
}

/** To build, which takes the fleet's App; it is made if missing. @throws as openImageAccess */
export async function openBuildAccess(options: OpenPolicyOptions): Promise<ImageAccess<ModalAccess>> {
  const found = await prepare(options);
  const { connectModal } = await import("../modal/client.ts");
  return { ...found, modal: await connectModal({ fleet: found.policy.fleet, createIfMissing: true }) };
}

async function prepare(options: OpenPolicyOptions) {
  const { policy, settings } = await openPolicy(options);
  return { policy, github: await openGitHubIfAny(settings, policy, options.warn) };
}

/** Without credentials, or with ones that GitHub refuses, what anybody may read can still be read. */
async function openGitHubIfAny(settings: Settings, policy: Policy, warn: (text: string) => void): Promise<GitHubIfAny> {
  const [{ anonymousGitHub, connectGitHub }, { readDeprecation, runnerScope }] = await Promise.all([
    import("../github/client.ts"),
    import("../github/deprecations.ts"),
  ]);
  const apiUrl = settings.githubApiUrl.value;
  try {
    const credentials = await githubCredentials(settings, warn);
    const octokit = await connectGitHub({ apiUrl, credentials, owner: policy.github.owner });
    return {
      octokit,
      async deprecation(version) {
        try {
          const scope = await runnerScope(octokit, policy, credentials.kind === "app");
          return scope && (await readDeprecation(octokit, scope, version));
        } catch (error) {
          warn(`Until when runner ${version} gets jobs is not known: GitHub answered ${(error as Error).message}`);
          return undefined;
        }
      },
    };
  } catch (error) {
    const why = error instanceof AbortError ? error.message : `GitHub answered ${(error as Error).message}`;
    let isTold = false;
    return {
      octokit: anonymousGitHub(apiUrl),
      async deprecation() {
        if (!isTold) warn(`Until when GitHub gives jobs to this runner is not looked up: ${why}`);
        isTold = true;
        return undefined;
      },
    };
  }
}
