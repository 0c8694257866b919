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
import { readSecretContent, type SecretContent, secretKeys } from "./secret-keys.ts";

export interface ControllerStep extends Told {
  /** Without a slash at its end. */
  url: string;
  /** Where GitHub sends webhooks. */
  webhookUrl: string;
  /** Whether its containers may run with other values than the Secret has. */
  isStale: boolean;
}

/** What is in the fleet's Secret. @throws AbortError where the Secret is not ours; what the modal SDK throws */
export async function lookIntoSecret({ modal, policy }: Bench): Promise<SecretContent> {
  const content = await readSecretContent(modal.client, policy.fleet);
  if (content.isForeign) throw foreignSecret(policy.fleet);
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
  const found = await findAddress(bench);
  const health = found === undefined ? "none is deployed" : await ask(found, signal);
  if (found === undefined || typeof health === "string") {
    const { url } = await bench.deploy(listener.line);
    return { ...at(url), isStale: false, state: "made", detail: url };
  }
  if (health.policy !== policyHash(policy)) {
    listener.note(
      `The controller runs another policy (${health.policy}) than ${bench.policyFile} (${policyHash(policy)}); ` +
        "it is left as it is. To deploy this one: modal-gha deploy",
    );
  }
  const hasAll = content.hasApp || content.hasToken;
  const isStale = isWritten || (hasAll && !health.configured);
  const state = isWritten ? "made" : "unchanged";
  return { ...at(found), isStale, state, detail: isWritten ? `${found}, and its token for Modal` : found };
}

/** Where the controller that is deployed is reached: by its own domain where that leads to it. */
async function findAddress({ modal, policy, signal }: Bench): Promise<string | undefined> {
  const url = await findUrl(modal.client, policy.fleet);
  const domain = policy.controller?.customDomain;
  if (url === undefined || domain === undefined) return url;
  const own = `https://${domain}`;
  return typeof (await ask(own, signal)) === "string" ? url : own;
}

function at(url: string): { url: string; webhookUrl: string } {
  return { url, webhookUrl: `${url}/webhook` };
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
