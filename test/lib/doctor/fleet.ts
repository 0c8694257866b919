// A fleet that is well, at emulated services and with the real controller's server in between, for tests that break a
// link of it.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { createControllerServer } from "../../../src/lib/controller/server.ts";
import type { Outcome } from "../../../src/lib/doctor/run.ts";
import type { GitHubEmulatorOptions } from "../../../src/lib/emulator/github/options.ts";
import type { EnvironmentLimits } from "../../../src/lib/emulator/modal/apps.ts";
import { appName, controllerAppName, ownershipTags } from "../../../src/lib/modal/names.ts";
import { packageFile } from "../../../src/lib/package-root.ts";
import { loadPolicy } from "../../../src/lib/policy/load.ts";
import { run } from "../../e2e/cli.ts";
import { makeApp, publish, type World, worldWith } from "../destroy/world.ts";
import { eventOf, repo } from "../emulator/github/harness.ts";

export interface Fleet extends World {
  limits: EnvironmentLimits;
  policyFile: string;
  controller: { url: string; secrets: string[]; identity: Record<string, unknown>; close(): Promise<void> };
}

export const policyText = `fleet: test
github: { owner: acme }
image: acme-runner
pools: [{ name: cpu, labels: [modal], secrets: [hub-token], volumes: [{ name: model-cache, path: /cache }] }]
`;

export const { version } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string };

export async function fleetWith(github: Partial<GitHubEmulatorOptions> = {}): Promise<Fleet> {
  const limits: EnvironmentLimits = {};
  const world = await worldWith(github, "", { limits });
  const policyFile = world.env["MODAL_GHA_POLICY"] as string;
  await writeFile(policyFile, policyText);
  await makeApp(world, appName("test"), ownershipTags("test"));
  await publish(world, "runner", ["acme-runner:mgha-2.338.0-20261101000000", "acme-runner:latest"]);
  await makeSecret(world, "hub-token", { HUB_TOKEN: "x" });
  const controller = await startServer([world.github.app.webhookSecret], policyFile);
  world.github.setWebhookUrl(`${controller.url}/webhook`);
  // So that GitHub has something that it can send once more.
  const delivered = eventOf(world.github, ({ type }) => type === "delivery");
  await world.github.trigger({ repository: repo.repo, event: "workflow_dispatch" });
  await delivered;
  return { ...world, limits, policyFile, controller };
}

async function startServer(secrets: string[], policyFile: string): Promise<Fleet["controller"]> {
  const { policy, hash } = await loadPolicy(policyFile);
  const identity: Record<string, unknown> = { fleet: policy.fleet, policy: hash, version, configured: true };
  const nothing = { hear: async () => [], note: () => {}, log: () => {}, look: async () => ({ ok: true, toDo: 0 }) };
  const server = createControllerServer({
    ...{ loop: nothing, recorder: nothing, look: nothing.look as never, policy },
    webhookSecrets: secrets,
    identity: () => identity,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secrets, identity, close };
}

export async function makeSecret({ bench }: World, deploymentName: string, envDict: Record<string, string>) {
  const how = { objectCreationType: 1, environmentName: bench.client.environmentName() } as const;
  await bench.client.cpClient.secretGetOrCreate({ deploymentName, envDict, ...how });
}

/** Deploys a controller's App with a web endpoint, behind which nothing runs. */
export async function deployNothing(world: World): Promise<string> {
  const { cpClient } = world.bench.client;
  const name = controllerAppName("test");
  const tags = ownershipTags("test");
  const appId = await makeApp(world, name, tags);
  const made = await cpClient.functionPrecreate({ appId, functionName: "serve", webhookConfig: {} });
  await cpClient.appPublish({ appId, name, functionIds: { serve: made.functionId }, tags });
  return made.handleMetadata?.webUrl ?? "";
}

/** The token pair that the controller needs for Modal, and the App's values. */
export function secretValues({ github, bench }: World): Record<string, string> {
  return {
    MODAL_GHA_APP_ID: String(github.app.id),
    MODAL_GHA_PRIVATE_KEY: github.app.privateKey,
    MODAL_GHA_WEBHOOK_SECRET: github.app.webhookSecret,
    MODAL_GHA_MODAL_TOKEN_ID: bench.emulator.tokenId,
    MODAL_GHA_MODAL_TOKEN_SECRET: bench.emulator.tokenSecret,
  };
}

/** With a token in the App's place. */
export function asToken({ env, github, controller }: Fleet): Record<string, string> {
  const { MODAL_GHA_APP_ID: _id, MODAL_GHA_PRIVATE_KEY: _key, ...rest } = env as Record<string, string>;
  return { ...rest, MODAL_GHA_GITHUB_TOKEN: github.token, MODAL_GHA_WEBHOOK_URL: `${controller.url}/webhook` };
}

/** What the built `doctor --json` finds. */
export async function doctor(env: Record<string, string>, ...args: string[]) {
  const { code, stdout, stderr } = await run(["doctor", "--json", ...args], env);
  if (stdout === "") throw new Error(`doctor ended with ${code} and said: ${stderr}`);
  const outcomes = JSON.parse(stdout) as Outcome[];
  const failed = outcomes.filter(({ status }) => status === "fail");
  const of = (id: string) => outcomes.find((outcome) => outcome.id === id);
  return { code, stderr, text: stdout, outcomes, failed, of };
}
