// Sees whether the controller that was deployed is well. When it is not, the version of before serves again.
import type { ModalClient } from "modal";
import { type Bundle, deploymentTag } from "./bundle.ts";
import { DeployError } from "./errors.ts";
import { ask, type Clock, checkHealth, type Health, systemClock } from "./health.ts";
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
  clock?: Clock | undefined;
  signal?: AbortSignal | undefined;
  say(line: string): void;
}

const logLines = 15;
/** How long a controller that tells of no fault may take to get through to GitHub and Modal. */
const connectingMs = 30_000;
/** Clocks of different machines of Modal's, in milliseconds. */
const leewayMs = 5_000;

/**
 * @returns the health of what serves, which is what somebody else deployed meanwhile if somebody did: the last one wins
 * @throws DeployError unhealthy, once the version of before serves again; the signal's reason
 */
export async function verify(options: VerifyOptions): Promise<Health> {
  const { client, fleet, bundle, policyHash, appId, url, withinMs, clock, signal, say } = options;
  const current = async () => (await findDeployed(client, fleet))?.current;
  const isOvertakenBy = (version: Version | undefined) => version && version.tag !== deploymentTag(bundle);
  const expected = { version: bundle.version, policy: policyHash, deployment: bundle.deployment };
  const isVain = async () => Boolean(isOvertakenBy(await current()));
  const health = await checkHealth({ url, expected, withinMs, signal, isVain, clock });
  const now = await current();
  if (typeof health !== "string") {
    const isConnecting = health.configured && !health.connected;
    return isConnecting ? awaitConnection(options, health, now?.deployedAt ?? 0) : health;
  }
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

/**
 * Waits for a controller to connect that has just started; says so where it does not. That is no fault of the deploy: the
 * App may not be installed yet, or GitHub be down.
 */
async function awaitConnection(options: VerifyOptions, health: Health, deployedAt: number): Promise<Health> {
  const { client, appId, url, bundle, signal, say, clock = systemClock } = options;
  const deadline = clock.now() + connectingMs;
  for (;;) {
    const lines = await lastLogLines(client, appId, new Date(deployedAt), 50);
    const fault = lines.findLast((line) => line.includes('"event":"error"'));
    // The fault may be of containers that are about to go, so this one is asked after it was read.
    const said = await ask(url, signal);
    if (typeof said !== "string" && (said.connected || said.deployment !== bundle.deployment)) return said;
    if (fault !== undefined || clock.now() > deadline) {
      say(`It is not connected to GitHub and Modal yet${fault === undefined ? "" : `; it says: ${messageIn(fault)}`}`);
      return health;
    }
    await clock.sleep(1_000, signal);
  }
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
