// Sees whether the controller that was deployed is well. When it is not, the version of before serves again.
import type { ModalClient } from "modal";
import { type Bundle, deploymentTag } from "./bundle.ts";
import { DeployError } from "./errors.ts";
import { ask, checkHealth, type Health } from "./health.ts";
import { type DeployedApp, findDeployed, lastLogLines, rollBack, type Version } from "./history.ts";

export interface VerifyOptions {
  client: ModalClient;
  fleet: string;
  bundle: Bundle;
  policyHash: string;
  /** What was deployed before, if anything. */
  before: DeployedApp | undefined;
  appId: string;
  url: string;
  withinMs: number;
  signal?: AbortSignal | undefined;
  say(line: string): void;
}

const logLines = 15;
/** Clocks of different machines of Modal's, in milliseconds. */
const leewayMs = 5_000;

/**
 * @returns the health of what serves, which is what somebody else deployed meanwhile if somebody did: the last one wins
 * @throws DeployError unhealthy, once the version of before serves again; the signal's reason
 */
export async function verify(options: VerifyOptions): Promise<Health> {
  const { client, fleet, bundle, policyHash, appId, url, withinMs, signal, say } = options;
  const current = async () => (await findDeployed(client, fleet))?.current;
  const isOvertakenBy = (version: Version | undefined) => version && version.tag !== deploymentTag(bundle);
  const expected = { version: bundle.version, policy: policyHash, deployment: bundle.deployment };
  const isVain = async () => Boolean(isOvertakenBy(await current()));
  const health = await checkHealth({ url, expected, withinMs, signal, isVain });
  if (typeof health !== "string") {
    if (health.configured && !health.connected) await tellConnection(options);
    return health;
  }
  const now = await current();
  if (now && isOvertakenBy(now)) {
    say(`Somebody else deployed meanwhile: version ${now.version} serves, not this one.`);
    const theirs = await ask(url, signal);
    if (typeof theirs !== "string") return theirs;
  }
  const log = await lastLogLines(client, appId, new Date((now?.deployedAt ?? 0) - leewayMs), logLines);
  const outcome =
    now && isOvertakenBy(now)
      ? `Version ${now.version}, which somebody else deployed meanwhile, was left alone.`
      : await takeBack(options);
  throw new DeployError("unhealthy", `The controller was deployed, but is not well: ${health}.`, {
    why: [outcome, ...(log.length > 0 ? ["The last lines of its log:", ...log] : ["Its log is empty."])].join("\n  "),
    nextSteps: ["Mend what the log says, then: modal-gha deploy"],
  });
}

/** Not being connected is no fault of the deploy: the App may not be installed yet, or GitHub be down. */
async function tellConnection({ client, appId, say }: VerifyOptions): Promise<void> {
  const lines = await lastLogLines(client, appId, new Date(Date.now() - 60_000), 50);
  const fault = lines.findLast((line) => line.includes('"event":"error"'));
  say(`It is not connected to GitHub and Modal yet${fault === undefined ? "" : `; it says: ${messageIn(fault)}`}`);
}

function messageIn(line: string): string {
  try {
    return String((JSON.parse(line) as { message?: unknown }).message);
  } catch {
    return line;
  }
}

/** @returns what serves now, in a sentence */
async function takeBack({ client, before, say }: VerifyOptions): Promise<string> {
  const earlier = before?.current;
  if (!before || !earlier) return "Nothing was deployed before it that could serve in its place.";
  try {
    await rollBack(client, before.appId, earlier.version);
    say(`Rolled back to version ${earlier.version}`);
    return `Version ${earlier.version}, the one of before, serves again.`;
  } catch (error) {
    const why = (error as Error).message;
    return `It is in place all the same: Modal did not roll back to version ${earlier.version} (${why}).`;
  }
}

/** After an interruption: what the operator is left with, in a sentence. */
export async function whereItStands(client: ModalClient, fleet: string, bundle: Bundle): Promise<string> {
  try {
    const { current } = (await findDeployed(client, fleet)) ?? {};
    if (!current) return "Nothing was deployed.";
    if (current.tag !== deploymentTag(bundle)) return `Nothing was changed: version ${current.version} serves on.`;
    return `Version ${current.version} is deployed and serves; whether it is well was not looked at. To see: modal-gha deploy`;
  } catch {
    return "What is deployed now could not be asked. To make sure: modal-gha deploy";
  }
}
