// Fleets at emulated services, made as the real ones are, for tests of removing one of them.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Octokit } from "@octokit/rest";
import { onTestFinished } from "vitest";
import { destroyFleet, thingsOf } from "../../../src/lib/destroy/destroy.ts";
import { type DestroyOptions, openForDestroy } from "../../../src/lib/destroy/open.ts";
import type { BusyMode } from "../../../src/lib/destroy/rounds.ts";
import { survey } from "../../../src/lib/destroy/survey.ts";
import type { GitHubEmulatorOptions } from "../../../src/lib/emulator/github/options.ts";
import type { GitHubEmulator } from "../../../src/lib/emulator/github/server.ts";
import type { Intercept } from "../../../src/lib/emulator/modal/gate.ts";
import type { ModalEmulatorOptions } from "../../../src/lib/emulator/modal/server.ts";
import { runnerName, sandboxTags } from "../../../src/lib/fleet/names.ts";
import { appName, controllerAppName, ownershipTags } from "../../../src/lib/modal/names.ts";
import { writeSecret } from "../../../src/lib/modal/secrets.ts";
import { buildWorkflow, emulatorWith, octokitOf } from "../emulator/github/harness.ts";
import { type Bench, startBench } from "../emulator/modal/support.ts";

export const hookUrl = "https://acme--modal-gha-test-controller-serve.modal.run/webhook";

export interface World {
  bench: Bench;
  github: GitHubEmulator;
  /** With the personal access token. */
  octokit: Octokit;
  env: Record<string, string>;
  /** Stands before each call to Modal; by its name on the wire. */
  intercept: { modal: Intercept };
}

/** @param policy YAML after `fleet`, `github` and a pool `cpu` that uses the image `acme-runner` and a cache */
export async function worldWith(
  github: Partial<GitHubEmulatorOptions> = {},
  policy = "",
  modalOptions: Partial<ModalEmulatorOptions> = {},
): Promise<World> {
  const intercept: World["intercept"] = { modal: async () => "proceed" };
  const options = { intercept: (call: Parameters<Intercept>[0]) => intercept.modal(call), terminationGraceMs: 200 };
  const bench = await startBench({ ...options, ...modalOptions });
  onTestFinished(() => bench[Symbol.asyncDispose]());
  const emulator = await emulatorWith(buildWorkflow, github);
  const home = await mkdtemp(join(tmpdir(), "destroy-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const policyFile = join(home, "modal-gha.yaml");
  const text = `fleet: test
github: { owner: acme }
image: acme-runner
pools: [{ name: cpu, labels: [modal], volumes: [{ name: model-cache, path: /cache }] }]
${policy}`;
  await writeFile(policyFile, text);
  const modal = bench.emulator.environment();
  Object.assign(process.env, modal);
  const env = {
    ...modal,
    XDG_CONFIG_HOME: home,
    GITHUB_API_URL: emulator.url,
    MODAL_GHA_APP_ID: String(emulator.app.id),
    MODAL_GHA_PRIVATE_KEY: emulator.app.privateKey,
    MODAL_GHA_POLICY: policyFile,
  };
  return { bench, github: emulator, octokit: octokitOf(emulator), env, intercept };
}

/** The same, with a token in the App's place. */
export function tokenEnv({ env, github }: World): Record<string, string> {
  const { MODAL_GHA_APP_ID: _id, MODAL_GHA_PRIVATE_KEY: _key, ...rest } = env as Record<string, string>;
  return { ...rest, MODAL_GHA_GITHUB_TOKEN: github.token, MODAL_GHA_WEBHOOK_URL: hookUrl };
}

export async function makeApp({ bench }: World, name: string, tags: Record<string, string>, functions: string[] = []) {
  const { cpClient } = bench.client;
  const { appId } = await bench.client.apps.fromName(name, { createIfMissing: true });
  const functionIds: Record<string, string> = {};
  for (const functionName of functions) {
    const made = await cpClient.functionPrecreate({ appId, functionName });
    functionIds[functionName] = made.functionId;
  }
  if (functions.length > 0) await cpClient.appPublish({ appId, name, functionIds, tags });
  await cpClient.appSetTags({ appId, tags });
  return appId;
}

export interface RunnerWish {
  fleet?: string;
  pool?: string;
  job: number;
  busy?: boolean;
  /** Ends its Sandbox, but not its registration. */
  ended?: boolean;
}

let minted = 0;

/** A registration at GitHub, and a Sandbox at Modal that carries its tags. */
export async function makeRunner(world: World, wish: RunnerWish) {
  const { fleet = "test", pool = "cpu", job, busy = false } = wish;
  const name = runnerName(pool, job, 1, Date.now(), String(minted++).padStart(5, "0"));
  const { id, jitConfig } = await register(world, name);
  const app = await world.bench.client.apps.fromName(appName(fleet), { createIfMissing: true });
  const sandbox = await world.bench.client.sandboxes.create(app, world.bench.image, {
    name: `${job}-1`,
    command: ["sleep", "300"],
    tags: sandboxTags({
      ...{ fleet, pool, attempt: 1, busy, runnerName: name, registrationId: id, createdAt: Date.now() },
      ...{ job: { id: job, runId: 1, repository: "acme/widgets" }, resourceLabel: "", isIsolated: false },
    }),
  });
  if (wish.ended) {
    await sandbox.terminate();
    await sandbox.wait();
  }
  return { name, registrationId: id, sandboxId: sandbox.sandboxId, jitConfig, sandbox };
}

export async function register({ octokit }: World, name: string): Promise<{ id: number; jitConfig: string }> {
  const wish = { org: "acme", name, runner_group_id: 1, labels: ["modal"] };
  const { data } = await octokit.actions.generateRunnerJitconfigForOrg(wish);
  return { id: data.runner.id, jitConfig: data.encoded_jit_config };
}

export async function publish({ bench }: World, content: string, tags: string[]): Promise<void> {
  const image = await bench.image.dockerfileCommands([`RUN echo ${content}`]).build(bench.app);
  for (const tag of tags) await image.publish(tag);
}

/** A whole fleet, as set up and at work: two living runners, one that has ended and left its registration. */
export async function makeFleet(world: World, fleet = "test", image = "acme-runner"): Promise<void> {
  await makeApp(world, controllerAppName(fleet), ownershipTags(fleet), ["serve", "reconcile"]);
  await makeApp(world, appName(fleet), ownershipTags(fleet));
  const first = fleet === "test" ? 1 : 500;
  await makeRunner(world, { fleet, job: first });
  await makeRunner(world, { fleet, job: first + 1 });
  await makeRunner(world, { fleet, job: first + 2, ended: true });
  await writeSecret(world.bench.client, fleet, { MODAL_GHA_APP_ID: "1" });
  await publish(world, `${image} one`, [`${image}:mgha-2.337.0-20261101000000`]);
  await publish(world, `${image} two`, [`${image}:mgha-2.338.0-20261102000000`, `${image}:latest`]);
}

function openWith(world: World, more: Partial<DestroyOptions>) {
  return openForDestroy({
    ...{ env: world.env, modalOnly: false, uninstallApp: false, local: false, images: false },
    ...{ warn: () => {}, now: Date.now, sleep: async () => {}, signal: new AbortController().signal },
    ...more,
  });
}

/** Destroys fleet `test`, as the command does. */
export async function destroy(
  world: World,
  options: Partial<DestroyOptions> & { mode?: BusyMode; onWait?: () => void } = {},
) {
  const { mode = { kind: "keep" }, onWait = () => {}, ...more } = options;
  const access = await openWith(world, more);
  try {
    return await destroyFleet(access, await survey(access), mode, { onWait, onRemoved: () => {} });
  } finally {
    access.close();
  }
}

/** What destroying fleet `test` would remove, as `kind name`, and what it would leave alone. */
export async function look(world: World, more: Partial<DestroyOptions> = {}) {
  const access = await openWith(world, more);
  try {
    const found = await survey(access);
    const things = thingsOf(found, access).map(({ kind, name }) => `${kind} ${name}`);
    const remedies = found.kept.map(({ remedy }) => remedy);
    return { things, remedies, kept: found.kept.map(({ kind, name, why }) => `${kind} ${name}: ${why}`) };
  } finally {
    access.close();
  }
}

/** Everything there is at both services, for before and after. */
export async function everything({ bench, github }: World) {
  const { cpClient } = bench.client;
  const { apps } = await cpClient.appList({ environmentName: "main" });
  const { items: secrets } = await cpClient.secretList({ environmentName: "main" });
  const { items: images } = await cpClient.imageListTags({ environmentName: "main" });
  return {
    apps: apps.filter(({ stoppedAt }) => stoppedAt === 0).map(({ name }) => name),
    sandboxes: bench.emulator.running().map(({ name, tags }) => `${tags["fleet"]} ${name}`),
    secrets: secrets.map(({ label }) => label),
    images: images.map(({ tag }) => tag),
    runners: github.state().runners.map(({ name }) => name),
  };
}
