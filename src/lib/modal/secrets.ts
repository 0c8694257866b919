// The Modal Secret in which the controller's credentials are kept. Modal gives no value back, so what is in it is known
// by the names of its keys alone.
import type { ModalClient } from "modal";
import { secretName } from "./names.ts";

/** The key that marks a Secret as ours; its value is the fleet's name. */
export const secretMark = "MODAL_GHA_FLEET";

/** ObjectCreationType of the protocol: only looks; makes one, unless there is one. */
const lookUp = 0;
const failIfExists = 2;

export type SecretState = "missing" | "not-ours" | "incomplete" | "complete";

/**
 * What there is of the fleet's Secret.
 * @param keys names that it must have to be complete
 */
export async function readSecretState(
  client: ModalClient,
  fleet: string,
  keys: readonly string[],
): Promise<SecretState> {
  if ((await find(client, fleet, [])) === "missing") return "missing";
  if ((await find(client, fleet, [secretMark])) !== "found") return "not-ours";
  return (await find(client, fleet, keys)) === "found" ? "complete" : "incomplete";
}

/** Those of these keys that the fleet's Secret does not have; it must be there. */
export async function missingSecretKeys(
  client: ModalClient,
  fleet: string,
  keys: readonly string[],
): Promise<string[]> {
  const found = await Promise.all(keys.map(async (key) => ({ key, state: await find(client, fleet, [key]) })));
  return found.filter(({ state }) => state !== "found").map(({ key }) => key);
}

/** Names of the values in the fleet's Secret, as far as Modal tells them; none where there is no Secret of ours. */
export async function readSecretKeys(client: ModalClient, fleet: string): Promise<string[]> {
  if ((await readSecretState(client, fleet, [])) !== "complete") return [];
  const { metadata } = await client.cpClient.secretGetOrCreate({
    deploymentName: secretName(fleet),
    environmentName: client.environmentName(),
    objectCreationType: lookUp,
  });
  return metadata?.keys ?? [];
}

/**
 * Puts values into the fleet's Secret, making it if there is none; its other values stay. Containers that run keep what
 * they started with.
 * @param values undefined takes a key out
 * @throws Error when a Secret of this name is not ours
 */
export async function writeSecret(
  client: ModalClient,
  fleet: string,
  values: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const state = await readSecretState(client, fleet, []);
  if (state === "not-ours") {
    throw new Error(`There is a Secret ${secretName(fleet)} at Modal that modal-gha did not make; it is left alone.`);
  }
  if (state === "missing") {
    const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
    await client.cpClient.secretGetOrCreate({
      deploymentName: secretName(fleet),
      objectCreationType: failIfExists,
      environmentName: client.environmentName(),
      envDict: { ...Object.fromEntries(given), [secretMark]: fleet },
    });
    return;
  }
  const { secretId } = await client.secrets.fromName(secretName(fleet));
  const updates = Object.entries(values).map(([key, value]) => (value === undefined ? { key } : { key, value }));
  await client.cpClient.secretUpdate({ secretId, updates });
}

/** Deletes the fleet's Secret if it is ours. @returns whether it was there */
export async function deleteSecret(client: ModalClient, fleet: string): Promise<boolean> {
  const state = await readSecretState(client, fleet, []);
  if (state === "missing" || state === "not-ours") return false;
  await client.secrets.delete(secretName(fleet));
  return true;
}

async function find(client: ModalClient, fleet: string, keys: readonly string[]) {
  try {
    await client.secrets.fromName(secretName(fleet), { requiredKeys: [...keys] });
    return "found";
  } catch (error) {
    const { message } = error as Error;
    if (/missing key/i.test(message)) return "lacks-keys";
    if ((error as Error).name === "NotFoundError") return "missing";
    throw error;
  }
}
