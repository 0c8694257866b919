// GitHub and Modal on this machine with everything between them but the controller, for tests that deploy it.
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, type TestContext } from "vitest";
import type { GitHubEmulatorOptions } from "../../../../src/lib/emulator/github/options.ts";
import type { Intercept } from "../../../../src/lib/emulator/modal/gate.ts";
import { connectModal, type ModalAccess } from "../../../../src/lib/modal/client.ts";
import { type DeployOptions, deployController } from "../../../../src/lib/modal/deploy/deploy.ts";
import { writeSecret } from "../../../../src/lib/modal/secrets.ts";
import { loadPolicy } from "../../../../src/lib/policy/load.ts";
import { type CleanUp, type Emulators, endAll, startEmulators } from "../../../../src/lib/rehearsal/emulators.ts";
import { publishRehearsalImage } from "../../../../src/lib/rehearsal/image.ts";

export interface Site extends Emulators {
  /** Goes away at the end. */
  folder: string;
  access: ModalAccess;
  policyFile: string;
  /** Of the fleet. */
  fleet: string;
  /** What the emulator of Modal says of itself. */
  lines: string[];
  intercept: { modal: Intercept; github: NonNullable<GitHubEmulatorOptions["intercept"]> };
  /** Everything that deploys were heard to say. */
  progress: string[];
  /** Programs that a deploy finds, none of the machine's own Modal among them. */
  env: Record<string, string>;
  /** Puts what GitHub's App has into the fleet's Secret. */
  writeGitHubValues(): Promise<void>;
  deploy(options?: Partial<DeployOptions>): ReturnType<typeof deployController>;
}

export const workflow = `on: [workflow_dispatch]
jobs:
  build:
    runs-on: [self-hosted, modal]
    steps:
      - run: echo hello from a deployed fleet
`;

export const policyText = `fleet: deployed
github: { owner: acme }
pools: [{ name: cpu, labels: [modal] }]
`;

/**
 * @param bins folders with programs that a deploy may find
 * @param test whose end is the site's; a test among others that run at once must say which it is
 */
export async function siteWith(
  bins: readonly string[],
  test: Pick<TestContext, "onTestFinished"> = { onTestFinished },
): Promise<Site> {
  const cleanUp: CleanUp = [];
  test.onTestFinished(() => endAll(cleanUp));
  const site = lastSite.then(() => openSite(bins, cleanUp));
  lastSite = site.catch(() => undefined);
  return site;
}

/** One site is opened at a time: the SDK reads the address of its Modal from this process's environment. */
let lastSite: Promise<unknown> = Promise.resolve();

async function openSite(bins: readonly string[], cleanUp: CleanUp): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "deploy-test-"));
  cleanUp.push(() => rm(folder, { recursive: true, force: true }));
  const repository = join(folder, "app");
  await mkdir(join(repository, ".github", "workflows"), { recursive: true });
  await writeFile(join(repository, ".github", "workflows", "ci.yml"), workflow);
  const intercept: Site["intercept"] = { modal: async () => "proceed", github: (_request, answer) => answer() };
  const lines: string[] = [];
  const emulators = await startEmulators(
    {
      repositoryDirectory: repository,
      repository: "app",
      owner: "acme",
      ownerType: "Organization",
      github: { intercept: (request, answer) => intercept.github(request, answer) },
      modal: { schedules: "ignore", log: (line) => lines.push(line), intercept: (call) => intercept.modal(call) },
    },
    cleanUp,
  );
  const { github, modal, runnerDirectory } = emulators;
  Object.assign(process.env, modal.environment());
  const policyFile = join(folder, "modal-gha.yaml");
  await writeFile(policyFile, policyText);
  const { tokenId, tokenSecret } = modal;
  const fleet = "deployed";
  await publishRehearsalImage({ fleet, image: "modal-gha-runner", runnerDirectory, modal: { tokenId, tokenSecret } });
  const access = await connectModal({ fleet, tokenId, tokenSecret, createIfMissing: true });
  cleanUp.push(async () => access.close());
  await writeSecret(access.client, fleet, {
    MODAL_GHA_MODAL_TOKEN_ID: tokenId,
    MODAL_GHA_MODAL_TOKEN_SECRET: tokenSecret,
    MODAL_GHA_MODAL_SERVER_URL: modal.url,
  });
  const env = { PATH: [...bins, "/usr/bin", "/bin"].join(delimiter), HOME: folder, no_proxy: "127.0.0.1,localhost" };
  const progress: string[] = [];
  return {
    ...emulators,
    folder,
    access,
    policyFile,
    fleet,
    lines,
    intercept,
    progress,
    env,
    writeGitHubValues: () =>
      writeSecret(access.client, fleet, {
        MODAL_GHA_APP_ID: String(github.app.id),
        MODAL_GHA_PRIVATE_KEY: github.app.privateKey,
        MODAL_GHA_WEBHOOK_SECRET: github.app.webhookSecret,
      }),
    async deploy(options = {}) {
      const policy = options.policy ?? (await loadPolicy(policyFile)).policy;
      return deployController({
        modal: access,
        policy,
        policyFile,
        settings: {},
        githubApiUrl: github.url,
        env,
        onProgress: (line) => progress.push(line),
        ...options,
      });
    },
  };
}

/** Dispatches the workflow and waits until its job has ended well, and nothing is left of it. */
export async function runAJob({ github }: Site): Promise<void> {
  await github.trigger({ repository: "app", event: "workflow_dispatch" });
  await github.settled();
  expect(github.state().jobs.at(-1)).toMatchObject({ status: "completed", conclusion: "success" });
}

/** A folder with a program of this name, a shell script. */
export async function programIn(folder: string, name: string, script: string): Promise<string> {
  const bin = join(folder, `bin-${name}`);
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, name), 0o755);
  return bin;
}

/** What the controller of a site says of itself. */
export async function healthOf(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(`${url}/healthz`)).json()) as Record<string, unknown>;
}
