// A whole fleet on this machine: GitHub and Modal emulated, and the real controller, image inside and policy between them.
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { GitHubEmulator } from "../emulator/github/server.ts";
import type { ModalEmulator } from "../emulator/modal/server.ts";
import { packageFile } from "../package-root.ts";
import { loadPolicy } from "../policy/load.ts";
import type { Policy } from "../policy/schema.ts";
import { type ControllerEvent, type ControllerProcess, startController } from "./controller-process.ts";
import { type CleanUp, type EmulatorsOptions, endAll, startEmulators } from "./emulators.ts";
import { publishRehearsalImage } from "./image.ts";

/** The owner is the policy's. */
export interface RehearsalOptions extends Omit<EmulatorsOptions, "owner" | "ownerType"> {
  /** Policy file; without one, the rehearsal's own: templates/rehearsal-policy.yaml. */
  policyFile?: string | undefined;
  /** Seconds between two looks of the controller at the whole fleet. Default 60. */
  reconcileSeconds?: number;
  /** Told of each line that the controller logs. */
  onControllerEvent?(event: ControllerEvent): void;
  /** Told when the controller dies. */
  onFault?(message: string): void;
}

export interface Rehearsal {
  github: GitHubEmulator;
  modal: ModalEmulator;
  policy: Policy;
  owner: string;
  repository: string;
  webhookUrl: string;
  privateKeyFile: string;
  /** Starts one more controller beside the first, or in its place. */
  startController(): Promise<ControllerProcess>;
  /** The controller that the webhooks go to. */
  controller: ControllerProcess;
  /** Every variable that points the CLI, Octokit or the modal SDK at this fleet. */
  env: Record<string, string>;
  /** Ends everything. Says what was still running or lying about when it began to, which after a good run is nothing. */
  close(): Promise<Leftovers>;
}

export interface Leftovers {
  sandboxesLeft: number;
  registrationsLeft: number;
  /** Living processes of Sandboxes after everything was closed. */
  processesLeft: number;
}

/** Starts it all on loopback. @throws Error when a part does not start; what had been started is ended again */
export async function startRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  const cleanUp: CleanUp = [];
  try {
    return await start(options, cleanUp);
  } catch (error) {
    // What went wrong first is what is told.
    await endAll(cleanUp).catch(() => undefined);
    throw error;
  }
}

async function start(options: RehearsalOptions, cleanUp: CleanUp): Promise<Rehearsal> {
  const original = options.policyFile ?? packageFile("templates", "rehearsal-policy.yaml");
  const { policy } = await loadPolicy(original);
  const { owner } = policy.github;
  const ownerType = policy.github.scope === "organization" ? "Organization" : "User";
  const { repositoryDirectory, repository } = options;
  const given = { repositoryDirectory, repository, owner, ownerType } as const;
  const faults = { ...(options.github && { github: options.github }), ...(options.modal && { modal: options.modal }) };
  const emulators = await startEmulators({ ...given, ...faults }, cleanUp);
  const { github, modal, reaper, directory, runnerDirectory, privateKeyFile } = emulators;
  const policyFile = join(directory, "modal-gha.yaml");
  await copyFile(original, policyFile);
  const env: Record<string, string> = {
    ...emulators.env,
    MODAL_GHA_APP_ID: String(github.app.id),
    MODAL_GHA_PRIVATE_KEY_FILE: privateKeyFile,
    MODAL_GHA_POLICY: policyFile,
  };
  // The SDK takes Modal's address from the environment alone, and only when it is loaded.
  Object.assign(process.env, modal.environment());
  const { tokenId, tokenSecret } = modal;
  const images = new Set(policy.pools.map((pool) => pool.image ?? policy.image));
  for (const image of images) {
    await publishRehearsalImage({ fleet: policy.fleet, image, runnerDirectory, modal: { tokenId, tokenSecret } });
  }
  const controllers: ControllerProcess[] = [];
  cleanUp.push(() => Promise.all(controllers.map((controller) => controller.stop())));
  async function addController(): Promise<ControllerProcess> {
    const controller = await startController({
      environment: {
        ...modal.environment(),
        GITHUB_API_URL: github.url,
        MODAL_GHA_POLICY: policyFile,
        MODAL_GHA_APP_ID: String(github.app.id),
        MODAL_GHA_PRIVATE_KEY_FILE: privateKeyFile,
        MODAL_GHA_WEBHOOK_SECRET: github.app.webhookSecret,
        MODAL_GHA_RECONCILE_SECONDS: String(options.reconcileSeconds ?? 60),
        PORT: "0",
      },
      reaper,
      onEvent: (event) => options.onControllerEvent?.(event),
      onDeath: (message) => options.onFault?.(message),
    });
    controllers.push(controller);
    return controller;
  }
  const controller = await addController();
  const webhookUrl = `${controller.url}/webhook`;
  Object.assign(env, { MODAL_GHA_WEBHOOK_URL: webhookUrl, MODAL_GHA_WEBHOOK_SECRET: github.app.webhookSecret });
  github.setWebhookUrl(webhookUrl);

  let closing: Promise<Leftovers> | undefined;
  async function close(): Promise<Leftovers> {
    const sandboxesLeft = modal.running().length;
    const registrationsLeft = github.state().runners.length;
    await endAll(cleanUp);
    return { sandboxesLeft, registrationsLeft, processesLeft: (await modal.processes()).length };
  }
  return {
    github,
    modal,
    policy,
    owner,
    repository: options.repository,
    webhookUrl,
    privateKeyFile,
    env,
    controller,
    startController: addController,
    close: () => (closing ??= close()),
  };
}
