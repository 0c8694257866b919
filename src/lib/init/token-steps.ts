// A fleet without a GitHub App: a token in its place, and a webhook of the organisation, or of each repository.
import type { Octokit } from "@octokit/rest";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { Hook } from "../github/deliveries.ts";
import type { HookVerdict } from "../github/setup/hook-verdict.ts";
import { secretName } from "../modal/names.ts";
import { allowsRepository } from "../policy/match.ts";
import { planForToken } from "./agreement.ts";
import type { Bench } from "./bench.ts";
import { giveToController, newWebhookSecret } from "./both-sides.ts";
import { isConnected } from "./connected.ts";
import type { ControllerStep } from "./controller-step.ts";
import { cannotLook } from "./first-look.ts";
import type { Told } from "./progress.ts";
import { isHeldBy, type SecretContent, secretKeys } from "./secret-keys.ts";
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
  const [{ connectGitHub }, { readRepositories }, { checkToken }] = await Promise.all([
    import("../github/client.ts"),
    import("../github/jobs.ts"),
    import("../github/setup/token.ts"),
  ]);
  const { owner, scope } = policy.github;
  const credentials = { kind: "token", token } as const;
  const octokit = await connectGitHub({ apiUrl: settings.githubApiUrl.value, credentials, owner });
  const named = policy.access.repositories.filter((pattern) => !pattern.includes("*"));
  const repositories = named.length === policy.access.repositories.length ? named : undefined;
  const probed = named.slice(0, mostProbed);
  const facts = await checkToken(octokit, { scope, owner, repositories: probed });
  if (facts.unseen.length > 0 || facts.missing.length > 0) throw lacking(facts.unseen, facts.missing);
  if (facts.expiresAt !== undefined) {
    const days = Math.max(0, Math.floor((facts.expiresAt - now()) / 86_400_000));
    listener.note(
      `The token expires in ${days} days (${new Date(facts.expiresAt).toISOString()}); then: modal-gha init --auth pat --rotate`,
    );
  }
  const places =
    scope === "organization"
      ? [owner]
      : (repositories ??
        (await readRepositories(octokit, owner, false)).filter((repository) => allowsRepository(policy, repository)));
  if (places.length === 0) throw noRepository(owner);
  const detail = `a ${facts.kind} token${facts.login === undefined ? "" : ` of ${facts.login}`}`;
  return { token, octokit, places, state: "done", detail };
}

export interface TokenSecrets extends Told {
  /** What the controller has now, where this run wrote it. A secret. */
  webhookSecret: string | undefined;
  verdict: HookVerdict | undefined;
}

/** @throws AbortError of planForToken; what the SDKs and deploying throw */
export async function tokenSecretsStep(
  bench: Bench,
  { token, octokit, places }: TokenStep,
  controller: ControllerStep,
  content: SecretContent,
): Promise<TokenSecrets> {
  const { modal, policy, isRotating, listener } = bench;
  const { fleet } = policy;
  const { webhookUrl } = controller;
  const holder = { kind: "token", token } as const;
  const hooks = await findHooks(octokit, places, policy.github.scope, webhookUrl);
  const missingHooks = places.filter((place) => !hooks.has(place));
  const plan = planForToken({ fleet, content, missingHooks, isRotating });
  if (plan.action === "look") {
    if (controller.isStale) await bench.deploy(listener.line);
    const verdict = await look(bench, [...hooks.values()]);
    if (verdict.verdict !== "bad-signature") {
      // The same token once more would mend nothing, and another is not put in its place unasked.
      if ((await isConnected(bench, controller.url)) === "no") {
        throw cannotLook(`${controller.url}/healthz says that it does not get through to GitHub and Modal.`);
      }
      if (!(await isHeldBy(modal.client, fleet, holder))) {
        listener.note(
          "The controller has another token than this one. To give it this one: modal-gha init --auth pat --rotate",
        );
      }
      const detail = `those in the Secret ${secretName(fleet)} stay as they are`;
      const state = controller.isStale ? "made" : "unchanged";
      return { state, detail, webhookSecret: undefined, verdict };
    }
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

export interface TokenWebhooks extends Told {
  hooks: Hook[];
}

/** @throws SetupError (webhook-refused), RequestError */
export async function tokenWebhooksStep(
  bench: Bench,
  { octokit, places }: TokenStep,
  { webhookUrl: url }: ControllerStep,
  { webhookSecret: secret }: TokenSecrets,
): Promise<TokenWebhooks> {
  const { ensureOrganizationHook, ensureRepositoryHook } = await import("../github/setup/place-hooks.ts");
  const ensure = bench.policy.github.scope === "organization" ? ensureOrganizationHook : ensureRepositoryHook;
  const hooks: Hook[] = [];
  let isChanged = false;
  for (const place of places) {
    bench.signal.throwIfAborted();
    const { change, ...hook } = await ensure({ octokit, place, url, ...(secret !== undefined && { secret }) });
    isChanged ||= change !== "unchanged";
    hooks.push(hook);
  }
  const where = places.length === 1 ? places[0] : `${places.length} repositories`;
  return { hooks, state: isChanged ? "made" : "unchanged", detail: `webhooks of ${where} go to ${url}` };
}

/** Whether both sides agree once the controller has taken what is in its Secret. @throws RequestError, the signal's reason */
export async function verifyToken(bench: Bench, hooks: readonly Hook[]): Promise<HookVerdict> {
  return settled(() => pingAll(bench, hooks), bench.sleep, bench.signal);
}

async function look(bench: Bench, hooks: readonly Hook[]): Promise<HookVerdict> {
  const verdict = await pingAll(bench, hooks);
  if (verdict.verdict !== "not-configured") return verdict;
  // Its containers are older than the values in its Secret.
  await bench.deploy(bench.listener.line);
  return verifyToken(bench, hooks);
}

/** Lets GitHub ping by every webhook; the first that is not well tells for all. */
async function pingAll({ sleep, signal }: Bench, hooks: readonly Hook[]): Promise<HookVerdict> {
  const { pingHook } = await import("../github/setup/verify-hook.ts");
  let last: HookVerdict = { verdict: "no-delivery", detail: "There is no webhook." };
  for (const hook of hooks) {
    last = await pingHook(hook, { signal, sleep });
    if (last.verdict !== "ok") break;
  }
  return last;
}

async function findHooks(
  octokit: Octokit,
  places: readonly string[],
  scope: "organization" | "repository",
  webhookUrl: string,
): Promise<Map<string, Hook>> {
  const [{ hooksTo }, { organizationPath, repositoryPath }] = await Promise.all([
    import("../github/hooks.ts"),
    import("../github/setup/place-hooks.ts"),
  ]);
  const pathOf = scope === "organization" ? organizationPath : repositoryPath;
  const found = new Map<string, Hook>();
  for (const place of places) {
    const [hook] = await hooksTo(webhookUrl, octokit, [pathOf(place)]);
    if (hook) found.set(place, hook);
  }
  return found;
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
