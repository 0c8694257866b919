// Puts new values in place for the controller: into its Secret, along with the word that this is not finished; then the
// controller is deployed again, since containers keep what they started with. GitHub's side follows; the word is taken away
// once the whole was seen to work. Whoever is interrupted in between finds it, and does all of it again.
import { randomBytes } from "node:crypto";
import { writeSecret } from "../modal/secrets.ts";
import { modalValues, ownModalPair } from "../operations/controller-secret.ts";
import type { Bench } from "./bench.ts";
import { isConnected } from "./connected.ts";
import type { ControllerStep } from "./controller-step.ts";
import { agreeToPolicy, redeploy } from "./redeploy.ts";
import { type Holder, holderKey, keysInTheWay, secretKeys } from "./secret-keys.ts";

/** 256 bits, as hexadecimal. */
export function newWebhookSecret(): string {
  return randomBytes(32).toString("hex");
}

/** @param values of `secretKeys`; undefined takes one out */
export async function giveToController(
  bench: Bench,
  controller: ControllerStep,
  holder: Holder,
  values: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { modal, policy, settings } = bench;
  const { client } = modal;
  const { fleet } = policy;
  await agreeToPolicy(bench, controller);
  const pair = (await isNewPairDue(bench, controller)) ? modalValues(bench.env, client.profile) : {};
  const others = await keysInTheWay(client, fleet, holder);
  const marks = { [holderKey(holder)]: "1", [secretKeys.unfinished]: "1" };
  await writeSecret(client, fleet, {
    ...pair,
    [secretKeys.githubApiUrl]: settings.githubApiUrl.value,
    ...values,
    ...Object.fromEntries(others.map((key) => [key, undefined])),
    ...marks,
  });
  await redeploy(bench, controller);
}

/**
 * Whether the controller gets another token pair for Modal along with new secrets. One that works may be a service user's,
 * and is not replaced by whoever rotates the rest, unless they name another.
 */
async function isNewPairDue(bench: Bench, { url }: ControllerStep): Promise<boolean> {
  if (!bench.isRotating) return false;
  return ownModalPair(bench.env) !== undefined || (await isConnected(bench, url)) !== "yes";
}

/** Both sides have the same, and the controller can do its work. */
export async function finish({ modal, policy }: Bench): Promise<void> {
  await writeSecret(modal.client, policy.fleet, { [secretKeys.unfinished]: undefined });
}
