// Sets up a fleet, from nothing or from wherever an earlier run, or a colleague, has left it. No step believes that an
// earlier one was done: each looks at Modal, GitHub and this machine first, so running it again goes on, or changes nothing.
import { resolve } from "node:path";
import { setTimeout as sleepFor } from "node:timers/promises";
import type { Input } from "../cli/streams.ts";
import { findAccount } from "../github/setup/account.ts";
import type { ModalConnection } from "../modal/client.ts";
import { findUrl } from "../modal/deploy/history.ts";
import { parseDurationFlag } from "../operations/duration-flag.ts";
import { loadPolicy } from "../policy/load.ts";
import type { Policy } from "../policy/schema.ts";
import { chooseModalProfile } from "../settings/modal-profile.ts";
import type { Settings } from "../settings/settings.ts";
import { assertWay } from "./agreement.ts";
import type { Answers } from "./answers.ts";
import type { Asker } from "./ask.ts";
import type { Bench, Sleep } from "./bench.ts";
import { controllerStep, lookIntoSecret } from "./controller-step.ts";
import { fromStdin, readGiven } from "./given.ts";
import { imageStep } from "./image-step.ts";
import { LocalSettings } from "./local-settings.ts";
import { modalStep } from "./modal-step.ts";
import { policyStep } from "./policy-step.ts";
import { type Listener, Progress, type StepReport } from "./progress.ts";
import { tellOtherPolicy } from "./redeploy.ts";
import { beginWithApp, beginWithToken } from "./sides.ts";
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
  const first = await ownSettings(local, options.folder);
  chooseModalProfile(first);
  const { modal, profile, environment } = await progress.run("modal", () =>
    modalStep(env, first.modalEnvironment, (connection) => options.onEnd(() => connection.close())),
  );
  const policyFile = resolve(options.folder, first.policyFile.value);
  const step = await progress.run("policy", () =>
    policyStep({
      ...{ file: policyFile, answers, asker: options.asker, note: listener.note },
      fleet: local.askedFleet,
      findAccount: (owner) => findAccount(first.githubApiUrl.value, owner),
      findController: (fleet) => findUrl(modal.client, fleet),
    }),
  );
  const { policy } = step;
  const settings = await local.resolve(policy.fleet);
  const githubApiUrl = settings.githubApiUrl.value;
  const { asker, isRotating, mayTakeHook, openBrowser } = options;
  const bench: Bench = {
    ...{ env, answers, asker, listener, signal, local, settings, modal, policy, policyFile, isRotating, mayTakeHook },
    ...{ openBrowser, waitMs, now },
    modalProfile: profile,
    modalEnvironment: environment,
    sleep: options.sleep ?? ((ms, ended) => sleepFor(ms, undefined, ended ? { signal: ended } : {})),
    deploy: (onLine) => options.deploy({ modal, policy, policyFile, githubApiUrl, answers, signal, onLine }),
  };
  const content = await lookIntoSecret(bench);
  const auth = answers.auth ?? (content.hasToken && !content.hasApp ? "pat" : "app");
  assertWay(auth, { fleet: policy.fleet, content, isRotating });
  const begin = auth === "pat" ? beginWithToken : beginWithApp;
  const setUp = await begin({ bench, progress, account: step.account, content, given });
  await progress.run("image", () =>
    imageStep({
      ...{ modal, policy, githubApiUrl, signal, listener, now },
      isWanted: answers.image !== false,
      from: answers["image-from"],
    }),
  );
  const controller = await progress.run("controller", () => controllerStep(bench, content));
  const appId = await setUp(controller);
  tellOtherPolicy(bench, controller);
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
    appId,
    settingsFile: local.file,
    changed: progress.hasChanged,
    steps: progress.reports,
    workflow: text,
    next: ["doctor", "jobs ls"].map((command) => `modal-gha ${command}${isDefault ? "" : ` --fleet ${policy.fleet}`}`),
  };
}

/** The settings of the fleet that is asked for, or that the policy file is of, even before anything is checked. */
async function ownSettings(local: LocalSettings, folder: string): Promise<Settings> {
  const settings = await local.resolve();
  if (local.askedFleet !== undefined) return settings;
  const { value } = settings.policyFile;
  // A file that is not there, or is no policy, is told of when it is its turn.
  const found = await loadPolicy(resolve(folder, value)).catch(() => undefined);
  return found ? { ...(await local.resolve(found.policy.fleet)), policyFile: settings.policyFile } : settings;
}
