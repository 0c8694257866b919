// A whole fleet on this machine: GitHub and Modal emulated, and the real controller, image inside and policy between them.
import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GitHubEmulatorOptions } from "../emulator/github/options.ts";
import { type GitHubEmulator, startGitHubEmulator } from "../emulator/github/server.ts";
import { hostEnvironment } from "../emulator/modal/environment.ts";
import { type ModalEmulator, type ModalEmulatorOptions, startModalEmulator } from "../emulator/modal/server.ts";
import { startReaper } from "../emulator/modal/start-reaper.ts";
import { packageFile } from "../package-root.ts";
import { loadPolicy } from "../policy/load.ts";
import type { Policy } from "../policy/schema.ts";
import { type ControllerEvent, type ControllerProcess, startController } from "./controller-process.ts";
import { publishRehearsalImage } from "./image.ts";
import { onNpmGone } from "./npm-parent.ts";

export interface RehearsalOptions {
  /** Working tree whose `.github/workflows` are run. */
  repositoryDirectory: string;
  /** Name of the repository; the owner is the policy's. */
  repository: string;
  /** Policy file; without one, the rehearsal's own: templates/rehearsal-policy.yaml. */
  policyFile?: string | undefined;
  /** Settings of the emulators, faults among them. */
  github?: Partial<Pick<GitHubEmulatorOptions, "rateLimits" | "deliver" | "intercept" | "idleRemovalSeconds">>;
  modal?: Partial<Pick<ModalEmulatorOptions, "intercept">>;
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
  const cleanUp: (() => Promise<unknown>)[] = [];
  const cleanUpAll = async () => {
    const errors: unknown[] = [];
    for (const step of cleanUp.splice(0).reverse()) await step().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw new AggregateError(errors, "not everything could be ended");
  };
  try {
    return await start(options, cleanUp, cleanUpAll);
  } catch (error) {
    // What went wrong first is what is told.
    await cleanUpAll().catch(() => undefined);
    throw error;
  }
}

async function start(
  options: RehearsalOptions,
  cleanUp: (() => Promise<unknown>)[],
  cleanUpAll: () => Promise<void>,
): Promise<Rehearsal> {
  const stopWatching = onNpmGone(process.env, () => process.kill(process.pid, "SIGTERM"));
  cleanUp.push(async () => stopWatching());
  const directory = await mkdtemp(join(tmpdir(), "modal-gha-"));
  cleanUp.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const policyFile = join(directory, "modal-gha.yaml");
  await copyFile(options.policyFile ?? packageFile("templates", "rehearsal-policy.yaml"), policyFile);
  const { policy } = await loadPolicy(policyFile);
  const { owner } = policy.github;

  const reaper = await startReaper(randomBytes(12).toString("hex"), directory);
  cleanUp.push(() => reaper.close());
  const host = hostEnvironment();
  const modal = await startModalEmulator({
    ...options.modal,
    directory: join(directory, "modal"),
    reaper,
    // An image that `image build` publishes says itself where its entrypoint is, but is not really built: its Sandboxes find
    // ours, and the stand-in for the runner.
    environment: {
      ...host,
      PATH: `${packageFile("image", "bin")}:${host["PATH"]}`,
      MODAL_GHA_RUNNER_DIR: join(directory, "runner"),
    },
  });
  cleanUp.push(() => modal.close());
  const github = await startGitHubEmulator({
    ...options.github,
    owner,
    ownerType: policy.github.scope === "organization" ? "Organization" : "User",
    repositories: [{ name: options.repository, directory: options.repositoryDirectory }],
  });
  cleanUp.push(() => github.close());

  const privateKeyFile = join(directory, "app.private-key.pem");
  await writeFile(privateKeyFile, github.app.privateKey, { mode: 0o600 });
  const env: Record<string, string> = {
    ...modal.environment(),
    GITHUB_API_URL: github.url,
    GITHUB_SERVER_URL: github.url,
    GITHUB_TOKEN: github.token,
    MODAL_GHA_APP_ID: String(github.app.id),
    MODAL_GHA_PRIVATE_KEY_FILE: privateKeyFile,
    MODAL_GHA_POLICY: policyFile,
  };
  // The SDK takes Modal's address from the environment alone, and only when it is loaded.
  Object.assign(process.env, modal.environment());
  const { tokenId, tokenSecret } = modal;
  const images = new Set(policy.pools.map((pool) => pool.image ?? policy.image));
  for (const image of images) {
    await publishRehearsalImage({ fleet: policy.fleet, image, directory, modal: { tokenId, tokenSecret } });
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
    await cleanUpAll();
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
