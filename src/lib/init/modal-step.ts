// Modal's credentials: found as Modal's own tools find them, and tried by a call.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ModalConnection } from "../modal/client.ts";
import type { Told } from "./progress.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface TokenPair {
  tokenId: string;
  tokenSecret: string;
}

export interface ModalCredentialsFound {
  /** Undefined where there is none, as with a sign-in by OAuth: the SDK then says what it lacks, or has another way. */
  pair: TokenPair | undefined;
  /** For people. */
  source: string;
  /** Of the configuration file, where the credentials are from there. */
  profile: string | undefined;
}

/**
 * Where the SDK takes its credentials: the environment goes before the configuration file, in which MODAL_PROFILE or else
 * the active profile counts. Source: modal.com/docs/reference/modal.config, and the SDK's own reading of it.
 */
export async function findModalCredentials(env: Environment): Promise<ModalCredentialsFound> {
  const { MODAL_TOKEN_ID: tokenId, MODAL_TOKEN_SECRET: tokenSecret } = env;
  if (tokenId && tokenSecret) {
    return { pair: { tokenId, tokenSecret }, source: "MODAL_TOKEN_ID in the environment", profile: undefined };
  }
  const file = env["MODAL_CONFIG_PATH"] || join(homedir(), ".modal.toml");
  const profiles = await readProfiles(file);
  const active = Object.entries(profiles).find(([, profile]) => profile["active"] === true)?.[0];
  const profile = env["MODAL_PROFILE"] || active;
  const { token_id: id, token_secret: secret } = profiles[profile ?? ""] ?? {};
  const found = { tokenId: tokenId || id, tokenSecret: tokenSecret || secret };
  const isPair = typeof found.tokenId === "string" && typeof found.tokenSecret === "string";
  return { pair: isPair ? (found as TokenPair) : undefined, source: `${file}, profile ${profile ?? "none"}`, profile };
}

async function readProfiles(file: string): Promise<Record<string, Record<string, unknown>>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    // The SDK takes a file that it cannot read for none, too.
    return {};
  }
  const { parse } = await import("smol-toml");
  try {
    return parse(text) as Record<string, Record<string, unknown>>;
  } catch {
    return {};
  }
}

export interface ModalStep extends Told {
  modal: ModalConnection;
  credentials: ModalCredentialsFound;
}

/**
 * Connects, and asks Modal whose token it is.
 * @param onOpen takes the connection before it is tried, to close it
 * @throws what the SDK throws: missing or refused credentials among it
 */
export async function modalStep(env: Environment, onOpen: (modal: ModalConnection) => void): Promise<ModalStep> {
  const credentials = await findModalCredentials(env);
  const { openModal } = await import("../modal/client.ts");
  const modal = await openModal();
  onOpen(modal);
  const { workspaceName } = await modal.client.cpClient.tokenInfoGet({});
  const environment = modal.client.environmentName() || "the default one";
  const detail = `workspace ${workspaceName}, environment ${environment} (${credentials.source})`;
  return { modal, credentials, state: "done", detail };
}
