// Goes back to an earlier version of a fleet's controller.
import type { ModalClient } from "modal";
import { DeployError } from "./errors.ts";
import { checkHealth } from "./health.ts";
import { findDeployed, findUrl, lastLogLines, rollBack, type Version } from "./history.ts";

export interface RollbackOptions {
  client: ModalClient;
  fleet: string;
  /** Modal's number; the one before the current where absent. */
  version: number | undefined;
  signal?: AbortSignal | undefined;
  say(line: string): void;
}

export interface RolledBack {
  appId: string;
  url: string;
  webhookUrl: string;
  /** Modal's number of what serves now, which is a copy of the version `rolledBackTo`. */
  appVersion: number;
  rolledBackTo: number;
  /** Of the package that had deployed it. */
  version: string;
  policyHash: string;
}

const logLines = 15;
/** How long it has until it must be well. */
const withinMs = 120_000;

/** @throws DeployError, what the modal SDK throws, or the signal's reason */
export async function rollBackController(options: RollbackOptions): Promise<RolledBack> {
  const { client, fleet, signal, say } = options;
  const deployed = await findDeployed(client, fleet);
  if (!deployed?.current) {
    throw new DeployError("no-version", `No controller of fleet ${fleet} is deployed.`, {
      nextSteps: ["modal-gha deploy"],
    });
  }
  const target = choose(deployed.versions, deployed.current, options.version);
  signal?.throwIfAborted();
  await rollBack(client, deployed.appId, target.version).catch((error: unknown) => {
    throw new DeployError("rollback-refused", `Modal did not roll back to version ${target.version}.`, {
      why: (error as Error).message,
      nextSteps: ["Deploy that version of the policy again: modal-gha deploy --policy <file>"],
      cause: error,
    });
  });
  const [now, url] = [await findDeployed(client, fleet), await findUrl(client, fleet)];
  if (!now?.current || !url) throw new Error("Modal rolled the controller back, and knows of none.");
  say(`Rolled back to version ${target.version}; waiting for ${url}/healthz`);
  const expected = { deployment: target.tag.replace(/^mgha-/, "") };
  const health = await checkHealth({ url, expected, withinMs, signal }).catch((error: unknown) => {
    if (signal?.aborted) say(`Version ${target.version} serves; whether it is well was not looked at.`);
    throw error;
  });
  if (typeof health === "string") {
    const log = await lastLogLines(client, now.appId, new Date(now.current.deployedAt - 5_000), logLines);
    throw new DeployError("unhealthy", `Version ${target.version} serves again, but is not well: ${health}.`, {
      why: ["The last lines of its log:", ...log].join("\n  "),
      nextSteps: ["modal-gha deploy"],
    });
  }
  return {
    appId: now.appId,
    url,
    webhookUrl: `${url}/webhook`,
    appVersion: now.current.version,
    rolledBackTo: target.version,
    version: health.version,
    policyHash: health.policy,
  };
}

/**
 * A copy of an earlier version counts as that one, so that going back twice goes back two, and a version that was not well
 * and taken back at once is passed over: the copy after it leads to what served before.
 */
function choose(versions: readonly Version[], current: Version, wanted: number | undefined): Version {
  const place = originOf(current, versions).version;
  const before = versions.find(({ version }) => version < place);
  const named = versions.find(({ version }) => version === wanted);
  const found = wanted === undefined ? before && originOf(before, versions) : named;
  const numbers = versions.map(({ version }) => version).join(", ");
  if (!found) {
    const message = wanted === undefined ? `There is no version before ${place}.` : `There is no version ${wanted}.`;
    throw new DeployError("no-version", message, { why: `There are ${numbers}.`, nextSteps: ["modal-gha deploy"] });
  }
  if (!found.isRollbackAllowed) {
    throw new DeployError("rollback-refused", `Modal does not roll back to version ${found.version}.`, {
      why: "It may be too old, or the workspace's plan may have no rollbacks.",
      nextSteps: ["Deploy that version of the policy again: modal-gha deploy --policy <file>"],
    });
  }
  return found;
}

/** What a version is a copy of, a copy's copy too; itself where it is none, or Modal does not list that any more. */
function originOf(version: Version, versions: readonly Version[]): Version {
  const { rollbackOf = version.version } = version;
  const earlier = rollbackOf < version.version && versions.find((each) => each.version === rollbackOf);
  return earlier ? originOf(earlier, versions) : version;
}
