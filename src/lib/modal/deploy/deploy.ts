// Deploys a fleet's controller to Modal, sees that it is well, and takes it back when it is not.
import { randomBytes } from "node:crypto";
import { redact } from "../../cli/redact.ts";
import { policyHash } from "../../policy/load.ts";
import type { Policy } from "../../policy/schema.ts";
import type { ModalConnection } from "../client.ts";
import { secretName } from "../names.ts";
import { readSecretState } from "../secrets.ts";
import { type Bundle, type ControllerSettings, deploymentTag, fingerprintOf, makeBundle } from "./bundle.ts";
import { type ClientProgram, type Environment, findModal, findUvx, type Via } from "./client-program.ts";
import { DeployError } from "./errors.ts";
import { checkHealth, type Health } from "./health.ts";
import { type DeployedApp, findDeployed, findUrl, lastLogLines, rollBack } from "./history.ts";
import { type DeployRun, deployFromHere } from "./own-program.ts";

export interface DeployOptions {
  modal: ModalConnection;
  policy: Policy;
  policyFile: string;
  settings: ControllerSettings;
  /** How; where absent, the first way that there is. */
  via?: Via | undefined;
  githubApiUrl: string;
  signal?: AbortSignal | undefined;
  /** Hears what is being done, and what Modal's client prints; no secrets. */
  onProgress?(line: string): void;
  /** Of this process unless told. */
  env?: Environment | undefined;
  /** Milliseconds that the new controller has until it must be well. */
  healthyWithinMs?: number | undefined;
}

export interface DeployedController {
  appId: string;
  /** Without a slash at the end. */
  url: string;
  webhookUrl: string;
  via: Via;
  /** Of this package. */
  version: string;
  policyHash: string;
  /** False when the very same was deployed before; it was deployed again all the same, so that it has the Secret as it is. */
  changed: boolean;
}

/** Keys without which the controller cannot even start Sandboxes. */
export const neededKeys = ["MODAL_GHA_MODAL_TOKEN_ID", "MODAL_GHA_MODAL_TOKEN_SECRET"] as const;

const logLines = 15;
const defaultHealthyMs = 120_000;

/**
 * Expects the fleet's Secret to be there. When what was deployed is not well, the version of before serves again.
 * @throws DeployError, what the modal SDK throws, or the signal's reason
 */
export async function deployController(options: DeployOptions): Promise<DeployedController> {
  const { modal, policy, policyFile, settings, githubApiUrl, signal, env = process.env } = options;
  const { client } = modal;
  const { fleet } = policy;
  const secrets = [client.profile.tokenSecret ?? ""];
  const say = (line: string) => options.onProgress?.(redact(line, secrets));
  await requireSecret(options);
  const before = await findDeployed(client, fleet);
  signal?.throwIfAborted();
  const nonce = randomBytes(4).toString("hex");
  const bundle = await makeBundle({ fleet, policyFile, settings, githubApiUrl }, nonce);
  const changed = fingerprintOf(before?.current?.tag ?? "") !== bundle.fingerprint;
  const words: string[] = [];
  const run: DeployRun = {
    bundle,
    profile: client.profile,
    environmentName: client.environmentName(),
    signal,
    onLine(line) {
      if (line.trim() === "") return;
      words.push(redact(line, secrets));
      say(line);
    },
  };
  let via: Via;
  try {
    via = await deployBySomeWay(options, run, env, say);
  } catch (error) {
    if (signal?.aborted) await tellWhereItStands(options, bundle, say);
    if (error instanceof DeployError && error.code === "deploy-failed") throw withWords(error, words);
    throw error;
  }
  const after = await findDeployed(client, fleet);
  const url = await findUrl(client, fleet);
  if (!after || !url) throw new Error("Modal's client deployed the controller, but Modal knows of none.");
  say(`Deployed as version ${after.current?.version}; waiting for ${url}/healthz`);
  const health = await untilHealthy(options, { bundle, before, after, url, say });
  const address = await reachable(options, url, say);
  return {
    appId: after.appId,
    url: address,
    webhookUrl: `${address}/webhook`,
    via,
    version: health.version,
    policyHash: health.policy,
    changed,
  };
}

async function requireSecret({ modal, policy: { fleet } }: DeployOptions): Promise<void> {
  const state = await readSecretState(modal.client, fleet, neededKeys);
  const name = secretName(fleet);
  if (state === "missing") {
    throw new DeployError("secret-missing", `There is no Secret ${name} at Modal, which the controller needs.`, {
      nextSteps: ["modal-gha init"],
    });
  }
  if (state === "not-ours") {
    throw new DeployError("not-ours", `There is a Secret ${name} at Modal that modal-gha did not make.`, {
      why: "It is left alone, and the controller cannot do without one of that name.",
      nextSteps: [
        "Give the fleet another name in the policy.",
        `Or delete it, if you may: modal secret delete ${name}`,
      ],
    });
  }
  if (state === "incomplete") {
    throw new DeployError("secret-incomplete", `The Secret ${name} at Modal has no token pair for the controller.`, {
      why: `It lacks ${neededKeys.join(" or ")}.`,
      nextSteps: ["modal-gha init"],
    });
  }
}

/** @throws DeployError when no way is there, or the one that is fails */
async function deployBySomeWay(
  { modal, policy, via }: DeployOptions,
  run: DeployRun,
  env: Environment,
  say: (line: string) => void,
): Promise<Via> {
  const missing: string[] = [];
  const finders: [Via, (env: Environment) => Promise<ClientProgram | string>][] = [
    ["modal", findModal],
    ["uvx", findUvx],
  ];
  for (const [name, find] of finders) {
    if (via !== undefined && via !== name) continue;
    const program = await find(env);
    run.signal?.throwIfAborted();
    if (typeof program === "string") missing.push(program);
    else {
      say(`Deploying with ${program.description}`);
      return finish(name, await deployFromHere(program, env, run));
    }
  }
  if (via === "modal" || via === "uvx") {
    throw new DeployError("no-client", `The controller cannot be deployed by ${via}: ${missing.join(", ")}.`, {
      nextSteps: [via === "modal" ? "pip install modal" : "pip install uv", "Or let it be found: modal-gha deploy"],
    });
  }
  say(`Deploying from inside a Sandbox${missing.length > 0 ? `, since ${missing.join(", and ")}` : ""}`);
  const { deployFromSandbox } = await import("./own-sandbox.ts");
  try {
    return finish("sandbox", await deployFromSandbox({ ...run, client: modal.client, fleet: policy.fleet }));
  } catch (error) {
    if (run.signal?.aborted || error instanceof DeployError) throw error;
    throw new DeployError("no-client", "The controller cannot be deployed: a Sandbox could not do it either.", {
      why: [...missing, (error as Error).message].join("; "),
      nextSteps: ["pip install modal", "modal-gha deploy"],
      cause: error,
    });
  }
}

function finish(via: Via, code: number): Via {
  if (code === 0) return via;
  throw new DeployError("deploy-failed", `Modal's client could not deploy the controller; it ended with ${code}.`, {
    nextSteps: ["modal-gha deploy"],
  });
}

function withWords(error: DeployError, words: readonly string[]): DeployError {
  const why = `${words.slice(-logLines).join("\n  ")}\n  What was deployed before, if anything, serves on.`;
  return new DeployError(error.code, error.message, { why, nextSteps: error.nextSteps });
}

/** After an interruption: what the operator is left with. */
async function tellWhereItStands(options: DeployOptions, bundle: Bundle, say: (line: string) => void): Promise<void> {
  try {
    const { current } = (await findDeployed(options.modal.client, options.policy.fleet)) ?? {};
    if (current?.tag === deploymentTag(bundle)) {
      say(
        `Version ${current.version} is deployed and serves; whether it is well was not looked at. To see: modal-gha deploy`,
      );
    } else if (current) say(`Nothing was changed: version ${current.version} serves on.`);
    else say("Nothing was deployed.");
  } catch {
    say("What is deployed now could not be asked. To make sure: modal-gha deploy");
  }
}

interface Deployed {
  bundle: Bundle;
  before: DeployedApp | undefined;
  after: DeployedApp;
  url: string;
  say(line: string): void;
}

/** @throws DeployError unhealthy, once the version of before serves again; the signal's reason */
async function untilHealthy(options: DeployOptions, deployed: Deployed): Promise<Health> {
  const { modal, policy, signal, healthyWithinMs: withinMs = defaultHealthyMs } = options;
  const { bundle, before, after, url, say } = deployed;
  const expected = { version: bundle.version, policy: policyHash(policy), deployment: bundle.deployment };
  let health: Health | string;
  try {
    health = await checkHealth({ url, expected, withinMs, signal });
  } catch (error) {
    if (signal?.aborted) await tellWhereItStands(options, bundle, say);
    throw error;
  }
  if (typeof health !== "string") return health;
  const { client } = modal;
  const now = (await findDeployed(client, policy.fleet))?.current;
  const message = `The controller was deployed, but is not well: ${health}.`;
  const log = await lastLogLines(client, after.appId, new Date((now?.deployedAt ?? 0) - 5_000), logLines);
  const isOvertaken = now !== undefined && now.tag !== deploymentTag(bundle);
  const outcome = isOvertaken
    ? `Version ${now.version}, which somebody deployed after it, serves now; it was left alone.`
    : await takeBack(options, before, say);
  throw new DeployError("unhealthy", message, {
    why: [outcome, ...(log.length > 0 ? ["The last lines of its log:", ...log] : ["Its log is empty."])].join("\n  "),
    nextSteps: ["Mend what the log says, then: modal-gha deploy"],
  });
}

/** @returns what serves now, in a sentence */
async function takeBack(
  { modal, policy: { fleet } }: DeployOptions,
  before: DeployedApp | undefined,
  say: (line: string) => void,
): Promise<string> {
  const earlier = before?.current;
  if (!before || !earlier) return "Nothing was deployed before it that could serve in its place.";
  try {
    await rollBack(modal.client, before.appId, earlier.version);
    say(`Rolled back to version ${earlier.version}`);
    return `Version ${earlier.version}, the one of before, serves again.`;
  } catch (error) {
    return (
      `It serves all the same: Modal did not roll fleet ${fleet} back to version ${earlier.version} ` +
      `(${(error as Error).message}).`
    );
  }
}

/** The custom domain where it leads to the controller, else Modal's own address. */
async function reachable(
  { settings, signal }: DeployOptions,
  url: string,
  say: (line: string) => void,
): Promise<string> {
  if (settings.customDomain === undefined) return url;
  const { ask } = await import("./health.ts");
  const own = `https://${settings.customDomain}`;
  const answer = await ask(own, signal);
  if (typeof answer !== "string") return own;
  say(
    `${own} does not lead to the controller yet (${answer}), so ${url} is the address to use. Point its DNS to Modal.`,
  );
  return url;
}
