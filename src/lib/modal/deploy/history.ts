// What is deployed of a fleet's controller, by Modal's own record: versions, the address, the last words of its log.
import type { ModalClient } from "modal";
import { findApp, unlessNotFound } from "../apps.ts";
import { controllerAppName } from "../names.ts";
import { DeployError } from "./errors.ts";

/** The web endpoint's name in templates/webhook.py. */
const endpoint = "serve";

export interface Version {
  version: number;
  /** See deploymentTag. */
  tag: string;
  isRollbackAllowed: boolean;
  /** The version that this one is a copy of, by a rollback; undefined where it is none. */
  rollbackOf: number | undefined;
  /** Milliseconds since the epoch. */
  deployedAt: number;
}

export interface DeployedApp {
  appId: string;
  /** The one that serves; undefined when nothing was ever deployed to it. */
  current: Version | undefined;
  /** The newest first. */
  versions: Version[];
}

/** @throws DeployError not-ours; what the modal SDK throws */
export async function findDeployed(client: ModalClient, fleet: string): Promise<DeployedApp | undefined> {
  const name = controllerAppName(fleet);
  const app = await findApp(client, name, fleet);
  if (!app) return undefined;
  if (app.mark !== "ours") {
    throw new DeployError("not-ours", `There is an App ${name} at Modal that is not this fleet's.`, {
      why: "It does not carry this fleet's tags, so it is left alone.",
      nextSteps: ["Give the fleet another name in the policy.", `Or stop that App, if you may: modal app stop ${name}`],
    });
  }
  const history = await client.cpClient.appDeploymentHistory({ appId: app.appId });
  const versions = history.appDeploymentHistories
    .map(({ version, tag, rollbackAllowed, rollbackVersion, deployedAt }) => ({
      version,
      tag,
      isRollbackAllowed: rollbackAllowed,
      rollbackOf: rollbackVersion || undefined,
      deployedAt: deployedAt * 1000,
    }))
    .sort((a, b) => b.version - a.version);
  const current = versions.find(({ version }) => version === history.productionAppVersion) ?? versions[0];
  return { appId: app.appId, current, versions };
}

/** Where the deployed controller is reached, without a slash at the end; undefined when none is. */
export async function findUrl(client: ModalClient, fleet: string): Promise<string | undefined> {
  const request = { appName: controllerAppName(fleet), objectTag: endpoint, appVersion: 0 };
  const environmentName = client.environmentName();
  const found = await unlessNotFound(() => client.cpClient.functionGet({ ...request, environmentName }));
  return found?.handleMetadata?.webUrl.replace(/\/+$/, "") || undefined;
}

/** The last lines that the App's containers wrote since a time, oldest first; none where they cannot be had. */
export async function lastLogLines(client: ModalClient, appId: string, since: Date, lines: number): Promise<string[]> {
  try {
    const { batches } = await client.cpClient.appFetchLogs({ appId, since, limit: 200 });
    const text = batches.flatMap(({ items }) => items.map(({ data }) => data)).join("");
    return text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .slice(-lines);
  } catch {
    return [];
  }
}

/** Makes an earlier version serve again. @throws what the modal SDK throws */
export async function rollBack(client: ModalClient, appId: string, version: number): Promise<void> {
  await client.cpClient.appRollback({ appId, version });
}
