// The controller: its Secret prepared with what it needs at Modal, and deployed, before there is anything of GitHub's for
// it. A GitHub App wants an address for its webhook that answers.
import { AbortError } from "../cli/errors.ts";
import { ask } from "../modal/deploy/health.ts";
import { findUrl } from "../modal/deploy/history.ts";
import { secretName } from "../modal/names.ts";
import { writeSecret } from "../modal/secrets.ts";
import { modalValues } from "../operations/controller-secret.ts";
import { policyHash } from "../policy/load.ts";
import type { Bench } from "./bench.ts";
import type { Told } from "./progress.ts";
import { type Holder, isHeldBy, readSecretContent, type SecretContent, secretKeys } from "./secret-keys.ts";

export interface ControllerStep extends Told {
  /** Without a slash at its end. */
  url: string;
  /** Where GitHub sends webhooks. */
  webhookUrl: string;
  /** The same, and where else webhooks reach this controller: a webhook that goes there is this fleet's. */
  webhookUrls: readonly string[];
  /** Hash of the policy that it runs, where that is not the one that is here; undefined once that is deployed. */
  otherPolicy: string | undefined;
  /** Whether its containers may run with other values than the Secret has. */
  isStale: boolean;
}

/** What is in the fleet's Secret. @throws AbortError where the Secret is not ours; what the modal SDK throws */
export async function lookIntoSecret({ modal, policy }: Bench): Promise<SecretContent> {
  const content = await readSecretContent(modal.client, policy.fleet);
  if (content.isForeign) throw foreignSecret(policy.fleet);
  return content;
}

/**
 * The same, before anything is written to it: an image was built and an App made since, and somebody else may have set the
 * fleet up meanwhile.
 * @param before what was in it
 * @throws AbortError (set-up-meanwhile) where its values are another's by now
 */
export async function lookAgain(bench: Bench, before: SecretContent, holder: Holder): Promise<SecretContent> {
  const content = await lookIntoSecret(bench);
  const isNew = (content.hasApp && !before.hasApp) || (content.hasToken && !before.hasToken);
  const { modal, policy } = bench;
  if (isNew && !(await isHeldBy(modal.client, policy.fleet, holder))) throw setUpMeanwhile(policy.fleet, holder);
  return content;
}

/** @throws AbortError; what the SDKs and deploying throw */
export async function controllerStep(bench: Bench, content: SecretContent): Promise<ControllerStep> {
  const { modal, policy, signal, listener } = bench;
  const { client } = modal;
  const { fleet } = policy;
  const isWritten = !content.hasModal;
  if (isWritten) {
    const values = {
      ...modalValues(bench.env, client.profile),
      [secretKeys.githubApiUrl]: bench.settings.githubApiUrl.value,
    };
    await writeSecret(client, fleet, values);
  }
  const [found, ...others] = await findAddresses(bench);
  const health = found === undefined ? "none is deployed" : await ask(found, signal);
  if (found === undefined || typeof health === "string") {
    const { url } = await bench.deploy(listener.line);
    const all = [url, ...(await findAddresses(bench))];
    return { ...at(url, all), otherPolicy: undefined, isStale: false, state: "made", detail: url };
  }
  const otherPolicy = health.policy === policyHash(policy) ? undefined : health.policy;
  const hasAll = content.hasApp || content.hasToken;
  const isStale = isWritten || (hasAll && !health.configured);
  const state = isWritten ? "made" : "unchanged";
  const detail = isWritten ? `${found}, and its token for Modal` : found;
  return { ...at(found, [found, ...others]), otherPolicy, isStale, state, detail };
}

/**
 * Where the controller that is deployed is reached, the wanted address first: its own domain where that leads to it, and
 * Modal's. A domain that leads nowhere is this fleet's all the same, by its policy; one that leads to another fleet is not.
 */
async function findAddresses({ modal, policy, signal }: Bench): Promise<string[]> {
  const url = await findUrl(modal.client, policy.fleet);
  const domain = policy.controller?.customDomain;
  if (url === undefined) return [];
  if (domain === undefined) return [url];
  const own = `https://${domain}`;
  const answer = await ask(own, signal);
  if (typeof answer === "string") return [url, own];
  return answer.fleet === policy.fleet ? [own, url] : [url];
}

function at(url: string, all: readonly string[]): Pick<ControllerStep, "url" | "webhookUrl" | "webhookUrls"> {
  return { url, webhookUrl: `${url}/webhook`, webhookUrls: all.map((each) => `${each}/webhook`) };
}

function setUpMeanwhile(fleet: string, { kind }: Holder): AbortError {
  return new AbortError(`Somebody else has set up the fleet ${fleet} while this ran.`, {
    code: "set-up-meanwhile",
    why: `Its Secret ${secretName(fleet)} at Modal has another ${kind === "app" ? "App's" : "token's"} values by now; they were left alone.`,
    nextSteps: [
      kind === "app"
        ? "Get the id and a key of their App: modal-gha init --app-id <id> --private-key-file <file.pem>"
        : "Get their token, or a key of their App, then: modal-gha init",
      "Or put yours in the place of theirs: the same command with --rotate",
    ],
  });
}

function foreignSecret(fleet: string): AbortError {
  return new AbortError(`There is a Secret ${secretName(fleet)} at Modal that modal-gha did not make.`, {
    code: "foreign-secret",
    why: "It is left alone, and the fleet's own Secret would have the same name.",
    nextSteps: [
      "Give the fleet another name, in the policy: fleet: <name>",
      `Or, if nobody needs it: modal secret delete ${secretName(fleet)}`,
    ],
  });
}
