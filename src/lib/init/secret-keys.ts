// What is in the fleet's Modal Secret, as far as names tell it: Modal gives no value back. Two names are there to be told
// by: one says whose values the others are, and one that putting values in place on both sides has not come to its end.
import { createHash } from "node:crypto";
import type { ModalClient } from "modal";
import { appVariables, isOfFurtherApp } from "../github/credentials.ts";
import { readSecretKeys, readSecretState, secretMark } from "../modal/secrets.ts";

const app = appVariables(1);

/** Names of the values in it. The controller reads them from its environment: controller/environment.ts. */
export const secretKeys = {
  appId: app.appId,
  privateKey: app.privateKey,
  webhookSecret: app.webhookSecret,
  githubToken: "MODAL_GHA_GITHUB_TOKEN",
  webhookUrl: "MODAL_GHA_WEBHOOK_URL",
  modalTokenId: "MODAL_GHA_MODAL_TOKEN_ID",
  modalTokenSecret: "MODAL_GHA_MODAL_TOKEN_SECRET",
  modalServerUrl: "MODAL_GHA_MODAL_SERVER_URL",
  githubApiUrl: "GITHUB_API_URL",
  /** There from before new values are written until GitHub and the controller were seen to work with them. */
  unfinished: "MODAL_GHA_SETUP_UNFINISHED",
} as const;

/** Whose the values are: an App by its id, a token by a digest that tells nothing of it. */
export type Holder = { kind: "app"; appId: string | number } | { kind: "token"; token: string };

const holderPrefix = "MODAL_GHA_SETUP_OF_";

/** The name that says so. */
export function holderKey(holder: Holder): string {
  if (holder.kind === "app") return `${holderPrefix}APP_${holder.appId}`;
  const digest = createHash("sha256").update(`modal-gha token\n${holder.token}`).digest("hex");
  return `${holderPrefix}TOKEN_${digest.slice(0, 12).toUpperCase()}`;
}

export interface SecretContent {
  isThere: boolean;
  /** A Secret of this name that we did not make. */
  isForeign: boolean;
  /** The controller's own credentials for Modal. */
  hasModal: boolean;
  /** All it takes with an App. */
  hasApp: boolean;
  /** All it takes with a token. */
  hasToken: boolean;
  isUnfinished: boolean;
}

/** @throws what the modal SDK throws */
export async function readSecretContent(client: ModalClient, fleet: string): Promise<SecretContent> {
  const state = await readSecretState(client, fleet, []);
  const isThere = state === "complete";
  const has = async (...keys: string[]) => isThere && (await readSecretState(client, fleet, keys)) === "complete";
  const { appId, privateKey, webhookSecret, githubToken, modalTokenId, modalTokenSecret, unfinished } = secretKeys;
  return {
    isThere,
    isForeign: state === "not-ours",
    hasModal: await has(secretMark, modalTokenId, modalTokenSecret),
    hasApp: await has(appId, privateKey, webhookSecret),
    hasToken: await has(githubToken, webhookSecret),
    isUnfinished: await has(unfinished),
  };
}

/** Whether the values in the Secret are this App's or token's, as far as `init` wrote them. */
export async function isHeldBy(client: ModalClient, fleet: string, holder: Holder): Promise<boolean> {
  return (await readSecretState(client, fleet, [holderKey(holder)])) === "complete";
}

/**
 * Names that are to go when this one's values are written: those that say of others that the values are theirs, and with a
 * token those of further Apps, which a controller does not start with.
 */
export async function keysInTheWay(client: ModalClient, fleet: string, holder: Holder): Promise<string[]> {
  const own = holderKey(holder);
  const isOthers = (key: string) => key.startsWith(holderPrefix) && key !== own;
  const keys = await readSecretKeys(client, fleet);
  return keys.filter((key) => isOthers(key) || (holder.kind === "token" && isOfFurtherApp(key)));
}
