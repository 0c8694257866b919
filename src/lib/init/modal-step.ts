// Modal's credentials: found as Modal's own tools find them, and tried by a call.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ModalConnection } from "../modal/client.ts";
import type { Told } from "./progress.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface CredentialsSource {
  /** For people. */
  source: string;
  /** Of the configuration file, where the credentials are from there. */
  profile: string | undefined;
}

/**
 * Where the SDK takes its credentials from: the environment goes before the configuration file, in which MODAL_PROFILE or
 * else the active profile counts. Source: modal.com/docs/reference/modal.config, and the SDK's own reading of it.
 */
export async function findCredentialsSource(env: Environment): Promise<CredentialsSource> {
  if (env["MODAL_TOKEN_ID"]) return { source: "MODAL_TOKEN_ID in the environment", profile: undefined };
  const file = env["MODAL_CONFIG_PATH"] || join(homedir(), ".modal.toml");
  const profile = env["MODAL_PROFILE"] || (await readActiveProfile(file));
  return { source: `${file}${profile === undefined ? "" : `, profile ${profile}`}`, profile };
}

/** The SDK takes a file that it cannot read for none, and so do we. */
async function readActiveProfile(file: string): Promise<string | undefined> {
  try {
    const { parse } = await import("smol-toml");
    const profiles = Object.entries(parse(await readFile(file, "utf8")));
    return profiles.find(([, profile]) => (profile as { active?: unknown }).active === true)?.[0];
  } catch {
    return undefined;
  }
}

export interface ModalStep extends Told {
  modal: ModalConnection;
  /** Undefined where the credentials are from the environment. */
  profile: string | undefined;
}

/**
 * Connects, and asks Modal whose token it is.
 * @param onOpen takes the connection before it is tried, to close it
 * @throws what the SDK throws: missing or refused credentials among it
 */
export async function modalStep(env: Environment, onOpen: (modal: ModalConnection) => void): Promise<ModalStep> {
  const { source, profile } = await findCredentialsSource(env);
  const { openModal } = await import("../modal/client.ts");
  const modal = await openModal();
  onOpen(modal);
  const { workspaceName } = await modal.client.cpClient.tokenInfoGet({});
  const environment = modal.client.environmentName() || "the default one";
  return {
    modal,
    profile,
    state: "done",
    detail: `workspace ${workspaceName}, environment ${environment} (${source})`,
  };
}
