// Puts new values in place for the controller: into its Secret, along with the word that this is not finished; then the
// controller is deployed again, since containers keep what they started with. GitHub's side follows; the word is taken away
// once the whole was seen to work. Whoever is interrupted in between finds it, and does all of it again.
import { randomBytes } from "node:crypto";
import { writeSecret } from "../modal/secrets.ts";
import type { Bench } from "./bench.ts";
import { type Holder, holderKey, otherHolderKeys, secretKeys } from "./secret-keys.ts";

/** 256 bits, as hexadecimal. */
export function newWebhookSecret(): string {
  return randomBytes(32).toString("hex");
}

/** @param values of `secretKeys`; undefined takes one out */
export async function giveToController(
  { modal, policy, deploy, listener }: Bench,
  holder: Holder,
  values: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { client } = modal;
  const { fleet } = policy;
  const others = await otherHolderKeys(client, fleet, holder);
  const marks = { [holderKey(holder)]: "1", [secretKeys.unfinished]: "1" };
  await writeSecret(client, fleet, {
    ...values,
    ...Object.fromEntries(others.map((key) => [key, undefined])),
    ...marks,
  });
  await deploy(listener.line);
}

/** Both sides have the same, and the controller can do its work. */
export async function finish({ modal, policy }: Bench): Promise<void> {
  await writeSecret(modal.client, policy.fleet, { [secretKeys.unfinished]: undefined });
}
