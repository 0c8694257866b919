// Sets up a fleet, from nothing or from wherever an earlier run, or a colleague, has left it. No step believes that an
// earlier one was done: each looks at Modal, GitHub and this machine first, so running it again goes on, or changes nothing.
import { resolve } from "node:path";
import { setTimeout as sleepFor } from "node:timers/promises";
import type { Input } from "../cli/streams.ts";
import { findAccount } from "../github/setup/account.ts";
import type { ModalConnection } from "../modal/client.ts";
import { parseDurationFlag } from "../operations/duration-flag.ts";
import type { Policy } from "../policy/schema.ts";
import type { SettingName } from "../settings/definitions.ts";
import { chooseModalProfile } from "../settings/modal-profile.ts";
import type { Answers } from "./answers.ts";
import { appSecretsStep, appWebhookStep, verifyApp } from "./app-secrets.ts";
import { appStep } from "./app-step.ts";
import type { Asker } from "./ask.ts";
import type { Bench, Sleep } from "./bench.ts";
import { type ControllerStep, controllerStep } from "./controller-step.ts";
import { fromStdin, type Given, readGiven } from "./given.ts";
import { imageStep } from "./image-step.ts";
import { installationStep } from "./installation-step.ts";
import { LocalSettings } from "./local-settings.ts";
import { modalStep } from "./modal-step.ts";
import { type PolicyStep, policyStep } from "./policy-step.ts";
import { type Listener, Progress, type StepReport } from "./progress.ts";
import { tokenSecretsStep, tokenStep, tokenWebhooksStep, verifyToken } from "./token-steps.ts";
import { notVerified } from "./verdicts.ts";
import { workflowStep } from "./workflow-step.ts";

export interface DeployRequest {
  modal: ModalConnection;
  policy: Policy;
  policyFile: string;
  githubApiUrl: string;
  answers: Answers;
  signal: AbortSignal;
  onLine(line: string): void;
}

export interface InitOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** Where a policy file and a workflow go that are not named otherwise. */
  folder: string;
  answers: Answers;
  /** `--policy`. */
  policyFile: string | undefined;
  isRotating: boolean;
  mayTakeHook: boolean;
  asker: Asker | undefined;
  stdin: Input;
  listener: Listener;
  openBrowser: Bench["openBrowser"];
  /** @returns the controller's base address */
  deploy(request: DeployRequest): Promise<{ url: string }>;
  signal: AbortSignal;
  /** Takes what is to be ended at the end. */
  onEnd(cleanUp: () => void): void;
  sleep?: Sleep;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface InitResult {
  fleet: string;
  owner: string;
  /** What the fleet is to GitHub. */
  auth: "app" | "pat";
  policyFile: string;
  controllerUrl: string;
  webhookUrl: string;
  /** Null with a token. */
  appId: number | null;
  settingsFile: string;
  /** Whether this run made or changed anything. */
  changed: boolean;
  steps: StepReport[];
  /** A workflow to try it with. */
  workflow: string;
  /** What to type next. */
  next: string[];
}

/** @throws AbortError, SetupError and what the SDKs throw; all that was done stays, and running it again goes on from there */
export async function initFleet(options: InitOptions): Promise<InitResult> {
  const { answers, env, listener, signal, now } = options;
  const waitMs = answers.wait === undefined ? undefined : parseDurationFlag("wait", answers.wait);
  const progress = new Progress(listener, signal);
  const given = await readGiven(answers, options.stdin);
  const local = new LocalSettings(env, {
    policyFile: options.policyFile,
    githubAppId: answers["app-id"],
    githubPrivateKeyFile: answers["private-key-file"] === fromStdin ? undefined : answers["private-key-file"],
  });
  const first = await local.resolve();
  chooseModalProfile(first);
  const { modal, profile } = await progress.run("modal", () =>
    modalStep(env, (connection) => options.onEnd(() => connection.close())),
  );
  const policyFile = resolve(options.folder, first.policyFile.value);
  const step = await progress.run("policy", () =>
    policyStep({
      ...{ file: policyFile, answers, asker: options.asker, note: listener.note },
      fleet: local.askedFleet,
      findAccount: (owner) => findAccount(first.githubApiUrl.value, owner),
    }),
  );
  const { policy } = step;
  const settings = await local.resolve(policy.fleet);
  const githubApiUrl = settings.githubApiUrl.value;
  await progress.run("image", () =>
    imageStep({
      ...{ modal, policy, githubApiUrl, signal, listener, now },
      isWanted: answers.image !== false,
      from: answers["image-from"],
    }),
  );
  const { asker, isRotating, mayTakeHook, openBrowser } = options;
  const bench: Bench = {
    ...{ env, answers, asker, listener, signal, local, settings, modal, policy, policyFile, isRotating, mayTakeHook },
    ...{ openBrowser, waitMs, now },
    modalProfile: profile,
    sleep: options.sleep ?? ((ms, ended) => sleepFor(ms, undefined, ended ? { signal: ended } : {})),
    deploy: (onLine) => options.deploy({ modal, policy, policyFile, githubApiUrl, answers, signal, onLine }),
  };
  const controller = await progress.run("controller", () => controllerStep(bench));
  const auth = answers.auth ?? (controller.content.hasToken && !controller.content.hasApp ? "pat" : "app");
  const setUp = auth === "pat" ? withToken : withApp;
  const { appId } = await setUp(bench, progress, { step, controller, given });
  const folder = answers["write-workflow"] ? options.folder : undefined;
  const { text } = await progress.run("workflow", () => workflowStep(policy, folder));
  const isDefault = await local.isDefault(policy.fleet);
  return {
    fleet: policy.fleet,
    owner: policy.github.owner,
    auth,
    policyFile,
    controllerUrl: controller.url,
    webhookUrl: controller.webhookUrl,
    appId: appId ?? null,
    settingsFile: local.file,
    changed: progress.hasChanged,
    steps: progress.reports,
    workflow: text,
    next: ["doctor", "jobs ls"].map((command) => `modal-gha ${command}${isDefault ? "" : ` --fleet ${policy.fleet}`}`),
  };
}

interface Found {
  step: PolicyStep;
  controller: ControllerStep;
  given: Given;
}

interface Identity {
  appId: number | undefined;
  keyFile: string | undefined;
}

async function withApp(bench: Bench, progress: Progress, { step, controller, given }: Found): Promise<Identity> {
  const { account } = step;
  const { webhookUrl, content } = controller;
  const app = await progress.run("github", () =>
    appStep(bench, { account, webhookUrl, content, givenKey: given.privateKey }),
  );
  const secrets = await progress.run("secrets", () => appSecretsStep(bench, app, controller));
  await progress.run("webhook", () => appWebhookStep(bench, app, controller, secrets));
  const identity = { appId: app.facts.appId, keyFile: app.keyFile };
  await progress.run("settings", () => settingsStep(bench, controller, identity));
  await progress.run("installation", () => installationStep(bench, app));
  await progress.run("verification", async () => {
    const verdict = await verifyApp(bench, app, controller, secrets);
    // One to which nothing has happened yet cannot be tried; what was done to it was done by the same hands.
    if (verdict.verdict !== "ok" && verdict.verdict !== "no-delivery") throw notVerified(verdict, webhookUrl);
    return { state: "done" as const, detail: verdict.detail };
  });
  return identity;
}

async function withToken(bench: Bench, progress: Progress, { controller, given }: Found): Promise<Identity> {
  const token = await progress.run("github", () => tokenStep(bench, given.token));
  const secrets = await progress.run("secrets", () => tokenSecretsStep(bench, token, controller));
  const { hooks } = await progress.run("webhook", () => tokenWebhooksStep(bench, token, controller, secrets));
  const identity = { appId: undefined, keyFile: undefined };
  await progress.run("settings", () => settingsStep(bench, controller, identity));
  await progress.run("installation", async () => ({ state: "skipped" as const, detail: "a token is not installed" }));
  await progress.run("verification", async () => {
    const verdict = secrets.verdict ?? (await verifyToken(bench, hooks));
    if (verdict.verdict !== "ok") throw notVerified(verdict, controller.webhookUrl);
    return { state: "done" as const, detail: verdict.detail };
  });
  return identity;
}

/** What other commands need to find the fleet from here, and this one to go on; no secret. */
async function settingsStep(bench: Bench, { webhookUrl }: ControllerStep, { appId, keyFile }: Identity) {
  const { local, policy, policyFile, settings, modalProfile } = bench;
  const unlessDefault = (name: "githubApiUrl" | "githubWebUrl") => {
    const setting = settings[name];
    return setting === undefined || setting.source.kind === "default" ? undefined : setting.value;
  };
  const values: { [name in SettingName]?: string | undefined } = {
    policyFile,
    webhookUrl,
    githubAppId: appId === undefined ? undefined : String(appId),
    githubPrivateKeyFile: keyFile === undefined ? undefined : resolve(keyFile),
    githubApiUrl: unlessDefault("githubApiUrl"),
    githubWebUrl: unlessDefault("githubWebUrl"),
    modalProfile,
  };
  const isNew = await local.remember(policy.fleet, values);
  const detail = `${local.file}, fleet ${policy.fleet}`;
  return { state: isNew ? ("made" as const) : ("unchanged" as const), detail };
}
