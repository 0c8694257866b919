// The App's values on both sides: in the controller's Secret and in the App's webhook. Where both seem to have theirs, a
// webhook signed by GitHub tells whether they agree; if it comes back well nothing is touched.
import type { AppInstallation } from "../github/setup/app.ts";
import type { HookVerdict } from "../github/setup/hook-verdict.ts";
import { secretName } from "../modal/names.ts";
import { otherApp, planForApp } from "./agreement.ts";
import type { AppStep } from "./app-step.ts";
import type { Bench } from "./bench.ts";
import { giveToController, newWebhookSecret } from "./both-sides.ts";
import { isConnected } from "./connected.ts";
import { type ControllerStep, lookAgain } from "./controller-step.ts";
import type { Told } from "./progress.ts";
import { redeploy } from "./redeploy.ts";
import { isHeldBy, type SecretContent, secretKeys } from "./secret-keys.ts";
import { settled } from "./verdicts.ts";

export interface AppSecrets extends Told {
  /** What the controller has now, where this run wrote it. A secret. */
  webhookSecret: string | undefined;
  /** Whether GitHub made that secret and has it already. */
  isGitHubs: boolean;
  /** Where a webhook told that both sides agree, or that there was none to tell. */
  verdict: HookVerdict | undefined;
}

/**
 * @param before what was in the Secret when this run began
 * @throws AbortError of planForApp and lookAgain; what the SDKs and deploying throw
 */
export async function appSecretsStep(
  bench: Bench,
  app: AppStep,
  controller: ControllerStep,
  before: SecretContent,
): Promise<AppSecrets> {
  const { modal, policy, isRotating, mayTakeHook, listener } = bench;
  const { fleet } = policy;
  const { webhookUrl, webhookUrls } = controller;
  const holder = { kind: "app", appId: app.facts.appId } as const;
  const content = await lookAgain(bench, before, holder);
  const isHeld = await isHeldBy(modal.client, fleet, holder);
  const isNew = app.created !== undefined;
  const { hook } = app.facts;
  const plan = planForApp({ fleet, content, isHeld, hook, webhookUrls, isNew, isRotating, mayTakeHook });
  if (plan.action === "look") {
    if (controller.isStale) await redeploy(bench, controller);
    const verdict = await look(bench, app, controller);
    const isGood = verdict.verdict !== "bad-signature" && (isHeld || verdict.verdict === "ok");
    if (isGood && !(isInstalled(app, policy.github.owner) && (await isConnected(bench, controller.url)) === "no")) {
      const detail = `those in the Secret ${secretName(fleet)} stay as they are`;
      const state = controller.isStale ? "made" : "unchanged";
      // One that comes by another address is moved from there, and has to show itself again.
      const known = hook?.url === webhookUrl ? verdict : undefined;
      return { state, detail, webhookSecret: undefined, isGitHubs: false, verdict: known };
    }
    if (!isHeld && !isGood) throw otherApp(fleet, verdict.detail);
    // The App's key that is at hand was tried at GitHub a moment ago.
    const why = isGood ? "The controller does not get through to GitHub and Modal with what it has." : verdict.detail;
    listener.note(`${why} Both sides get new ones.`);
  } else if (content.hasApp) listener.note(`New secrets for GitHub and the controller: ${plan.why}.`);
  const given = app.created?.webhookSecret ?? undefined;
  const webhookSecret = given ?? newWebhookSecret();
  await giveToController(bench, controller, holder, {
    [secretKeys.appId]: String(app.facts.appId),
    [secretKeys.privateKey]: app.access.privateKey,
    [secretKeys.webhookSecret]: webhookSecret,
    [secretKeys.webhookUrl]: webhookUrl,
    [secretKeys.githubToken]: undefined,
  });
  const detail = `the App's key and webhook secret are in the Secret ${secretName(fleet)} at Modal`;
  return { state: "made", detail, webhookSecret, isGitHubs: given !== undefined, verdict: undefined };
}

/** Where it is not, the controller cannot get through, and no new secrets mend that. */
function isInstalled({ facts }: AppStep, owner: string): boolean {
  const isThere = ({ account, isSuspended }: AppInstallation) =>
    !isSuspended && account.toLowerCase() === owner.toLowerCase();
  return facts.installations.some(isThere);
}

/** Asks GitHub for a signed webhook, and what came of it. */
async function look(bench: Bench, app: AppStep, controller: ControllerStep): Promise<HookVerdict> {
  const { sleep, signal } = bench;
  const { verifyHook } = await import("../github/setup/verify-hook.ts");
  const verify = () => verifyHook(app.access, { signal, sleep });
  const verdict = await verify();
  if (verdict.verdict !== "not-configured") return verdict;
  // Its containers are older than the values in its Secret.
  await redeploy(bench, controller);
  return settled(verify, sleep, signal);
}

/** Points the App's webhook to the controller, with the secret that it has. @throws SetupError, RequestError */
export async function appWebhookStep(app: AppStep, { webhookUrl }: ControllerStep, secrets: AppSecrets): Promise<Told> {
  const { setHook } = await import("../github/setup/app.ts");
  const { hook } = app.facts;
  const isAsWished = hook?.url === webhookUrl && hook.contentType === "json" && !hook.isInsecure;
  const secret = secrets.isGitHubs ? undefined : secrets.webhookSecret;
  const isChanged = !isAsWished || secret !== undefined;
  if (isChanged) await setHook(app.access, { url: webhookUrl, ...(secret !== undefined && { secret }) });
  return { state: isChanged ? "made" : "unchanged", detail: `GitHub sends webhooks to ${webhookUrl}` };
}

/** @throws SetupError, RequestError, the signal's reason */
export async function verifyApp(
  { sleep, signal, listener }: Bench,
  app: AppStep,
  { webhookUrl }: ControllerStep,
  { verdict: known, webhookSecret }: AppSecrets,
): Promise<HookVerdict> {
  if (known) return known;
  const [{ verifyHook }, { signedPing }] = await Promise.all([
    import("../github/setup/verify-hook.ts"),
    import("../github/setup/signed-ping.ts"),
  ]);
  const verdict = await settled(() => verifyHook(app.access, { signal, sleep }), sleep, signal);
  if (verdict.verdict !== "no-delivery" || webhookSecret === undefined) return verdict;
  // An App to which nothing ever happened: GitHub took this very secret a moment ago, so a ping of ours tells as much.
  const own = await settled(() => signedPing(webhookUrl, webhookSecret, { signal }), sleep, signal);
  if (own.verdict !== "ok") return own;
  listener.note(
    "GitHub itself has sent this App's webhook nothing yet. If jobs get no runner, see whether the webhook is " +
      `active, on the App's settings page: ${app.facts.htmlUrl}`,
  );
  return { ...own, detail: "The controller took a ping signed with the secret that GitHub was given." };
}
