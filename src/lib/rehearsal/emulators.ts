// GitHub and Modal on this machine, with nothing between them yet: what every rehearsal begins with, and all that
// `dev --empty` has.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GitHubEmulatorOptions } from "../emulator/github/options.ts";
import { type GitHubEmulator, startGitHubEmulator } from "../emulator/github/server.ts";
import { hostEnvironment } from "../emulator/modal/environment.ts";
import { type ModalEmulator, type ModalEmulatorOptions, startModalEmulator } from "../emulator/modal/server.ts";
import { type Reaper, startReaper } from "../emulator/modal/start-reaper.ts";
import { installStandIn } from "../emulator/runner/install.ts";
import { packageFile } from "../package-root.ts";
import { onNpmGone } from "./npm-parent.ts";

export interface EmulatorsOptions {
  /** Working tree whose `.github/workflows` are run. */
  repositoryDirectory: string;
  /** Name of the repository. */
  repository: string;
  owner: string;
  ownerType: "Organization" | "User";
  /** Settings of the emulators, faults among them. */
  github?: Partial<Pick<GitHubEmulatorOptions, "rateLimits" | "deliver" | "intercept" | "idleRemovalSeconds">>;
  modal?: Partial<Pick<ModalEmulatorOptions, "intercept" | "schedules" | "failImageBuild" | "log">>;
}

export interface Emulators {
  github: GitHubEmulator;
  modal: ModalEmulator;
  reaper: Reaper;
  /** Goes away at the end. */
  directory: string;
  /** Where the stand-in for actions/runner is installed. */
  runnerDirectory: string;
  /** The private key of GitHub's App, readable by its owner alone. */
  privateKeyFile: string;
  /** Every variable that points the modal SDK and a program with a token at them. */
  env: Record<string, string>;
}

/** Ends what was begun, the last first, all of it whatever fails. */
export type CleanUp = (() => Promise<unknown>)[];

/** @throws AggregateError with what could not be ended */
export async function endAll(cleanUp: CleanUp): Promise<void> {
  const errors: unknown[] = [];
  for (const step of cleanUp.splice(0).reverse()) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw new AggregateError(errors, "not everything could be ended");
}

/**
 * Starts both on loopback.
 * @param cleanUp takes what ends it all
 */
export async function startEmulators(options: EmulatorsOptions, cleanUp: CleanUp): Promise<Emulators> {
  const stopWatching = onNpmGone(process.env, () => process.kill(process.pid, "SIGTERM"));
  cleanUp.push(async () => stopWatching());
  const directory = await mkdtemp(join(tmpdir(), "modal-gha-"));
  cleanUp.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const runnerDirectory = join(directory, "runner");
  installStandIn(runnerDirectory, {
    node: process.execPath,
    program: packageFile("dist", "stand-in-runner.js"),
    rootInHome: true,
  });

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
      MODAL_GHA_RUNNER_DIR: runnerDirectory,
    },
  });
  cleanUp.push(() => modal.close());
  const { owner, ownerType, repository: name, repositoryDirectory } = options;
  const repositories = [{ name, directory: repositoryDirectory }];
  const github = await startGitHubEmulator({ ...options.github, owner, ownerType, repositories });
  cleanUp.push(() => github.close());

  const privateKeyFile = join(directory, "app.private-key.pem");
  await writeFile(privateKeyFile, github.app.privateKey, { mode: 0o600 });
  const env = {
    ...modal.environment(),
    GITHUB_API_URL: github.url,
    GITHUB_SERVER_URL: github.url,
    GITHUB_TOKEN: github.token,
  };
  return { github, modal, reaper, directory, runnerDirectory, privateKeyFile, env };
}
