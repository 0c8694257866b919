// Deploys a fleet's controller to Modal.
import { randomBytes } from "node:crypto";
import { redact } from "../../cli/redact.ts";
import { policyHash } from "../../policy/load.ts";
import type { Policy } from "../../policy/schema.ts";
import type { ModalConnection } from "../client.ts";
import { secretName } from "../names.ts";
import { readSecretState } from "../secrets.ts";
import { type DeploySettings, fingerprintOf, makeBundle } from "./bundle.ts";
import type { Environment, Via } from "./client-program.ts";
import { DeployError } from "./errors.ts";
import { ask, type Clock } from "./health.ts";
import { findDeployed, findUrl } from "./history.ts";
import { withoutOurs } from "./own-program.ts";
import { verify, whereItStands } from "./verify.ts";
import { deploySomehow } from "./ways.ts";

export interface DeployOptions {
  modal: ModalConnection;
  policy: Policy;
  policyFile: string;
  /** What is absent here is as the policy's `controller` has it. */
  settings: DeploySettings;
  /** How; where absent, the first way that there is. */
  via?: Via | undefined;
  githubApiUrl: string;
  signal?: AbortSignal | undefined;
  /** Hears what is being done, and what Modal's client prints; no secrets. */
  onProgress?(line: string): void;
  /** Of this process unless told. */
  env?: Environment | undefined;
  clock?: Clock | undefined;
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
  /** False when the very same was deployed before. It was deployed again all the same, and has the Secret as it is now. */
  changed: boolean;
  /** Modal's number of what serves now. */
  appVersion: number;
  /** Whether it has its GitHub credentials. */
  configured: boolean;
}

/** Keys of the Secret without which a controller cannot start Sandboxes. */
export const neededKeys = ["MODAL_GHA_MODAL_TOKEN_ID", "MODAL_GHA_MODAL_TOKEN_SECRET"] as const;

/** How long the new controller has until it must be well. */
const healthyWithinMs = 120_000;
/** How many of its last lines tell why Modal's client failed. */
const lastWords = 15;

/**
 * Expects the fleet's Secret to be there. When what was deployed is not well, the version of before serves again. Of
 * several deploys at once the last one wins.
 * @throws DeployError, what the modal SDK throws, or the signal's reason
 */
export async function deployController(options: DeployOptions): Promise<DeployedController> {
  const { policy, policyFile, githubApiUrl, via, signal } = options;
  const { client } = options.modal;
  const { fleet } = policy;
  const secrets = [client.profile.tokenSecret ?? ""];
  const say = (line: string) => options.onProgress?.(redact(line, secrets));
  const env = withoutOurs(options.env ?? process.env);
  const settings = { ...policy.controller, ...given(options.settings) };
  await requireSecret(options);
  const before = await findDeployed(client, fleet);
  signal?.throwIfAborted();
  const nonce = randomBytes(4).toString("hex");
  const bundle = await makeBundle({ fleet, policyFile, settings, githubApiUrl }, nonce);
  const changed = fingerprintOf(before?.current?.tag ?? "") !== bundle.fingerprint;
  if (!changed)
    say(`Unchanged since version ${before?.current?.version}; deploying it again, for the Secret as it is now`);
  const words: string[] = [];
  const onLine = (line: string) => {
    if (line.trim() === "") return;
    words.push(redact(line, secrets));
    say(line);
  };
  const run = { bundle, profile: client.profile, environmentName: client.environmentName(), signal, onLine };
  try {
    const taken = await deploySomehow({ client, fleet, via, env, run, say });
    const after = await findDeployed(client, fleet);
    const url = await findUrl(client, fleet);
    if (!after || !url) throw new Error("Modal's client deployed the controller, but Modal knows of none.");
    say(`Deployed as version ${after.current?.version}; waiting for ${url}/healthz`);
    const { appId } = after;
    const checked = {
      client,
      fleet,
      bundle,
      policyHash: policyHash(policy),
      before,
      appId,
      url,
      withinMs: healthyWithinMs,
      clock: options.clock,
      signal,
      say,
    };
    const health = await verify(checked);
    const address = await reachable(url, fleet, settings.customDomain, say, signal);
    return {
      appId,
      url: address,
      webhookUrl: `${address}/webhook`,
      via: taken,
      version: health.version,
      policyHash: health.policy,
      changed,
      appVersion: (await findDeployed(client, fleet))?.current?.version ?? 0,
      configured: health.configured,
    };
  } catch (error) {
    if (signal?.aborted) say(await whereItStands(client, fleet, bundle));
    if (!(error instanceof DeployError) || error.code !== "deploy-failed") throw error;
    const rest = before?.current ? `Version ${before.current.version} serves on.` : "Nothing was deployed.";
    const why = [rest, "The last that it said:", ...words.slice(-lastWords)].join("\n  ");
    throw new DeployError(error.code, error.message, { why, nextSteps: error.nextSteps });
  }
}

/** Without what is undefined, which would cover up what the policy says. */
function given(settings: DeploySettings): DeploySettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

async function requireSecret({ modal, policy: { fleet } }: DeployOptions): Promise<void> {
  const name = secretName(fleet);
  switch (await readSecretState(modal.client, fleet, neededKeys)) {
    case "missing":
      throw new DeployError("secret-missing", `There is no Secret ${name} at Modal, which the controller needs.`, {
        nextSteps: ["modal-gha init"],
      });
    case "not-ours":
      throw new DeployError("not-ours", `There is a Secret ${name} at Modal that modal-gha did not make.`, {
        why: "It is left alone, and the controller cannot do without one of that name.",
        nextSteps: ["Give the fleet another name in the policy.", `Or if you may: modal secret delete ${name}`],
      });
    case "incomplete":
      throw new DeployError("secret-incomplete", `The Secret ${name} at Modal has no token pair for the controller.`, {
        why: `It lacks ${neededKeys.join(" or ")}.`,
        nextSteps: ["modal-gha deploy"],
      });
    case "complete":
  }
}

/** The custom domain where it leads to this fleet's controller, else Modal's own address. */
async function reachable(
  url: string,
  fleet: string,
  customDomain: string | undefined,
  say: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (customDomain === undefined) return url;
  const own = `https://${customDomain}`;
  const answer = await ask(own, signal);
  if (typeof answer !== "string" && answer.fleet === fleet) return own;
  const why = typeof answer === "string" ? answer : `the controller of the fleet ${answer.fleet} answers`;
  say(`${own} does not lead to the controller (${why}). Point its DNS to Modal; until then the address is ${url}`);
  return url;
}
