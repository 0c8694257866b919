// A fleet without a GitHub App: a token in its place, and a webhook of the organisation, or of each repository.
import type { Octokit } from "@octokit/rest";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { Hook } from "../github/deliveries.ts";
import type { HookVerdict } from "../github/setup/hook-verdict.ts";
import { secretName } from "../modal/names.ts";
import { writeSecret } from "../modal/secrets.ts";
import { allowsRepository } from "../policy/match.ts";
import { otherToken, planForToken } from "./agreement.ts";
import type { Bench } from "./bench.ts";
import { giveToController, newWebhookSecret } from "./both-sides.ts";
import { isConnected } from "./connected.ts";
import { type ControllerStep, lookAgain } from "./controller-step.ts";
import { cannotLook } from "./first-look.ts";
import type { Told } from "./progress.ts";
import { agreeToPolicy, redeploy } from "./redeploy.ts";
import { isHeldBy, type SecretContent, secretKeys } from "./secret-keys.ts";
import { findHooks, pingAll } from "./token-hooks.ts";
import { settled } from "./verdicts.ts";

export interface TokenStep extends Told {
  token: string;
  octokit: Octokit;
  /** Where webhooks are: the organisation, or `owner/name` of repositories. */
  places: string[];
}

/** So many repositories are looked at for what the token may do there. */
const mostProbed = 3;

/** @param given a token that came by a file or standard input */
export async function tokenStep(bench: Bench, given: string | undefined): Promise<TokenStep> {
  const { settings, policy, listener, now } = bench;
  const token = given ?? settings.githubToken?.value;
  if (token === undefined) {
    throw new AbortError("There is no token for GitHub.", {
      code: "github-credentials",
      exitCode: ExitCode.Authentication,
      nextSteps: [
        "Set MODAL_GHA_GITHUB_TOKEN, or give --token-file <file>, or - for standard input.",
        "It takes Actions: read, Administration: write and Webhooks: write of the repositories; for an organisation's runners, Self-hosted runners: write and Webhooks: write of the organisation.",
      ],
    });
  }
  const [{ connectGitHub }, { readRepositoryFacts, takesRunners }, { checkToken }] = await Promise.all([
    import("../github/client.ts"),
    import("../github/jobs.ts"),
    import("../github/setup/token.ts"),
  ]);
  const { owner, scope } = policy.github;
  const credentials = { kind: "token", token } as const;
  const octokit = await connectGitHub({ apiUrl: settings.githubApiUrl.value, credentials, owner });
  const named = policy.access.repositories.filter((pattern) => !pattern.includes("*"));
  const probed = named.slice(0, mostProbed);
  const facts = await checkToken(octokit, { scope, owner, repositories: probed });
  if (facts.unseen.length > 0 || facts.missing.length > 0) throw lacking(facts.unseen, facts.missing);
  if (facts.expiresAt !== undefined) {
    const days = Math.max(0, Math.floor((facts.expiresAt - now()) / 86_400_000));
    listener.note(
      `The token expires in ${days} days (${new Date(facts.expiresAt).toISOString()}); then: modal-gha init --auth pat --rotate`,
    );
  }
  const places = scope === "organization" ? [owner] : [...named];
  if (scope === "repository" && named.length < policy.access.repositories.length) {
    const seen = (await readRepositoryFacts(octokit, owner, false)).filter(takesRunners).map(({ name }) => name);
    const isNew = (repository: string) => !named.some((name) => name.toLowerCase() === repository.toLowerCase());
    places.push(...seen.filter((repository) => allowsRepository(policy, repository) && isNew(repository)));
  }
  if (places.length === 0) throw noRepository(owner);
  const detail = `a ${facts.kind} token${facts.login === undefined ? "" : ` of ${facts.login}`}`;
  return { token, octokit, places, state: "done", detail };
}

export interface TokenSecrets extends Told {
  /** What the controller has now, where this run wrote it. A secret. */
  webhookSecret: string | undefined;
  verdict: HookVerdict | undefined;
}

/**
 * @param before what was in the Secret when this run began
 * @throws AbortError of planForToken and lookAgain; what the SDKs and deploying throw
 */
export async function tokenSecretsStep(
  bench: Bench,
  { token, octokit, places }: TokenStep,
  controller: ControllerStep,
  before: SecretContent,
): Promise<TokenSecrets> {
  const { modal, policy, isRotating, listener } = bench;
  const { fleet } = policy;
  const { webhookUrl } = controller;
  const holder = { kind: "token", token } as const;
  const content = await lookAgain(bench, before, holder);
  const { hooks, missing, elsewhere } = await findHooks(octokit, places, policy.github.scope, controller);
  const isHeld = await isHeldBy(modal.client, fleet, holder);
  const plan = planForToken({ fleet, content, isHeld, missingHooks: missing, isRotating });
  if (plan.action === "look") {
    if (controller.isStale) await redeploy(bench, controller);
    const verdict = await look(bench, controller, [...hooks.values()]);
    if (verdict.verdict !== "bad-signature") {
      // The same token once more would mend nothing, and another is not put in its place unasked.
      if ((await isConnected(bench, controller.url)) === "no") {
        throw cannotLook(`${controller.url}/healthz says that it does not get through to GitHub and Modal.`);
      }
      if (!isHeld) {
        listener.note(
          "The controller has another token than this one. To give it this one: modal-gha init --auth pat --rotate",
        );
      }
      const detail = `those in the Secret ${secretName(fleet)} stay as they are`;
      if (elsewhere.length > 0) {
        // They are moved, and then have to show themselves again; the controller finds failed deliveries by the address.
        await agreeToPolicy(bench, controller);
        await writeSecret(modal.client, fleet, { [secretKeys.webhookUrl]: webhookUrl });
        await redeploy(bench, controller);
        return { state: "made", detail, webhookSecret: undefined, verdict: undefined };
      }
      const state = controller.isStale ? "made" : "unchanged";
      return { state, detail, webhookSecret: undefined, verdict };
    }
    if (!isHeld) throw otherToken(fleet, verdict.detail);
    listener.note(`${verdict.detail} Both sides get new ones.`);
  } else if (content.hasToken) listener.note(`New secrets for GitHub and the controller: ${plan.why}.`);
  const webhookSecret = newWebhookSecret();
  await giveToController(bench, controller, holder, {
    [secretKeys.githubToken]: token,
    [secretKeys.webhookSecret]: webhookSecret,
    [secretKeys.webhookUrl]: webhookUrl,
    [secretKeys.appId]: undefined,
    [secretKeys.privateKey]: undefined,
  });
  const detail = `the token and a webhook secret are in the Secret ${secretName(fleet)} at Modal`;
  return { state: "made", detail, webhookSecret, verdict: undefined };
}

/** Whether both sides agree once the controller has taken what is in its Secret. @throws RequestError, the signal's reason */
export async function verifyToken(bench: Bench, hooks: readonly Hook[]): Promise<HookVerdict> {
  return settled(() => pingAll(bench, hooks), bench.sleep, bench.signal);
}

async function look(bench: Bench, controller: ControllerStep, hooks: readonly Hook[]): Promise<HookVerdict> {
  const verdict = await pingAll(bench, hooks);
  if (verdict.verdict !== "not-configured") return verdict;
  // Its containers are older than the values in its Secret.
  await redeploy(bench, controller);
  return verifyToken(bench, hooks);
}

function lacking(unseen: readonly string[], missing: readonly string[]): AbortError {
  const what = [...missing, ...unseen.map((repository) => `access to ${repository}`)].join(", ");
  return new AbortError(`The token lacks ${what}.`, {
    code: "missing-permissions",
    exitCode: ExitCode.Authentication,
    why: "Without that, no webhook can be set up, or no runner registered.",
    nextSteps: [
      "Mend it, or make another, on https://github.com/settings/tokens.",
      "Then run this again: modal-gha init --auth pat",
    ],
  });
}

function noRepository(owner: string): AbortError {
  return new AbortError(`The token sees no repository of ${owner} whose jobs the policy allows.`, {
    code: "no-repository",
    exitCode: ExitCode.Authentication,
    nextSteps: ["Give the token access to some, or mend access.repositories in the policy."],
  });
}
