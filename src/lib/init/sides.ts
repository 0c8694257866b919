// What the fleet is to GitHub, an App or a token, as the steps that differ: one before anything is built or deployed, so
// that wrong credentials are told at once, and the others when the controller has its address.
import { resolve } from "node:path";
import type { Account } from "../github/setup/account.ts";
import type { HookVerdict } from "../github/setup/hook-verdict.ts";
import { appSecretsStep, appWebhookStep, verifyApp } from "./app-secrets.ts";
import { type AppStep, assertNoApp, knownAppStep, newAppStep } from "./app-step.ts";
import type { Bench } from "./bench.ts";
import { finish } from "./both-sides.ts";
import type { ControllerStep } from "./controller-step.ts";
import { assertLook } from "./first-look.ts";
import type { Given } from "./given.ts";
import { installationStep } from "./installation-step.ts";
import type { Progress, Told } from "./progress.ts";
import type { SecretContent } from "./secret-keys.ts";
import { tokenWebhooksStep } from "./token-hooks.ts";
import { tokenSecretsStep, tokenStep, verifyToken } from "./token-steps.ts";
import { notVerified } from "./verdicts.ts";

/** The rest of the steps. @returns the App's id; null for a token */
export type SetUp = (controller: ControllerStep) => Promise<number | null>;

interface Ground {
  bench: Bench;
  progress: Progress;
  account: Account | undefined;
  content: SecretContent;
  given: Given;
}

/** Looks at the App if one is known here. @throws AbortError, SetupError, RequestError */
export async function beginWithApp(ground: Ground): Promise<SetUp> {
  const { bench, progress, account, content, given } = ground;
  const look = () => knownAppStep(bench, content, given.privateKey);
  const known = await progress.runIfAny("github", look);
  if (!known) assertNoApp(bench, content);
  return async (controller) => {
    const { webhookUrl } = controller;
    const app: AppStep = known ?? (await progress.run("github", () => newAppStep(bench, { account, webhookUrl })));
    const secrets = await progress.run("secrets", () => appSecretsStep(bench, app, controller, content));
    await progress.run("webhook", () => appWebhookStep(app, controller, secrets));
    await progress.run("settings", () => settingsStep(bench, webhookUrl, app));
    await progress.run("installation", () => installationStep(bench, app));
    await progress.run("verification", async () => {
      const verdict = await verifyApp(bench, app, controller, secrets);
      // One to which nothing has happened yet cannot be tried; what was done to it was done by the same hands.
      if (verdict.verdict !== "ok" && verdict.verdict !== "no-delivery") throw notVerified(verdict, webhookUrl);
      return verified(bench, webhookUrl, verdict, secrets.webhookSecret);
    });
    return app.facts.appId;
  };
}

/** Looks at the token. @throws AbortError, SetupError, RequestError */
export async function beginWithToken({ bench, progress, content, given }: Ground): Promise<SetUp> {
  const token = await progress.run("github", () => tokenStep(bench, given.token));
  return async (controller) => {
    const { webhookUrl } = controller;
    const secrets = await progress.run("secrets", () => tokenSecretsStep(bench, token, controller, content));
    const { hooks } = await progress.run("webhook", () =>
      tokenWebhooksStep(bench, token, controller, secrets.webhookSecret),
    );
    await progress.run("settings", () => settingsStep(bench, webhookUrl, undefined));
    await progress.run("installation", async () => ({ state: "skipped", detail: "a token is not installed" }));
    await progress.run("verification", async () => {
      const verdict = secrets.verdict ?? (await verifyToken(bench, hooks));
      if (verdict.verdict !== "ok") throw notVerified(verdict, webhookUrl);
      return verified(bench, webhookUrl, verdict, secrets.webhookSecret);
    });
    return null;
  };
}

/** Where this run has made the webhook's secret, the controller has to show as well that it can do its work. */
async function verified(
  bench: Bench,
  webhookUrl: string,
  { detail }: HookVerdict,
  secret: string | undefined,
): Promise<Told> {
  if (secret === undefined) return { state: "done", detail };
  await assertLook(bench, webhookUrl, secret);
  await finish(bench);
  return { state: "done", detail: `${detail} It sees GitHub and Modal.` };
}

/** What other commands need to find the fleet from here, and this one to go on; no secret. */
async function settingsStep(bench: Bench, webhookUrl: string, app: AppStep | undefined) {
  const { local, policy, policyFile, settings, modalProfile, modalEnvironment } = bench;
  const unlessDefault = (name: "githubApiUrl" | "githubWebUrl") => {
    const setting = settings[name];
    return setting === undefined || setting.source.kind === "default" ? undefined : setting.value;
  };
  const isNew = await local.remember(policy.fleet, {
    policyFile,
    webhookUrl,
    githubAppId: app && String(app.facts.appId),
    githubPrivateKeyFile: app?.keyFile === undefined ? undefined : resolve(app.keyFile),
    githubApiUrl: unlessDefault("githubApiUrl"),
    githubWebUrl: unlessDefault("githubWebUrl"),
    modalProfile,
    modalEnvironment,
  });
  // An App goes before a token wherever credentials are looked for.
  const isRid = app === undefined && (await local.forget(policy.fleet, ["githubAppId", "githubPrivateKeyFile"]));
  const state = isNew || isRid ? ("made" as const) : ("unchanged" as const);
  return { state, detail: `${local.file}, fleet ${policy.fleet}` };
}
