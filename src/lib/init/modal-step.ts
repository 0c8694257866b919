// Modal's credentials: found as Modal's own tools find them, and tried by a call.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { AbortError } from "../cli/errors.ts";
import type { ModalConnection } from "../modal/client.ts";
import type { ModalWorkspace } from "../modal/workspace.ts";
import { describeSource, type Setting, type SettingSource } from "../settings/settings.ts";
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
  /** By name, the default one too; undefined where Modal does not say which that is. */
  environment: string | undefined;
}

/**
 * Connects, and asks Modal whose token it is, and for the Environment.
 * @param named the Environment, where a setting says it
 * @param onOpen takes the connection before it is tried, to close it
 * @throws AbortError (no-environment); what the SDK throws: missing or refused credentials among it
 */
export async function modalStep(
  env: Environment,
  named: Setting | undefined,
  onOpen: (modal: ModalConnection) => void,
): Promise<ModalStep> {
  const { source, profile } = await findCredentialsSource(env);
  const [{ openModal }, { readWorkspace }] = await Promise.all([
    import("../modal/client.ts"),
    import("../modal/workspace.ts"),
  ]);
  const modal = await openModal();
  onOpen(modal);
  const found = await readWorkspace(modal.client);
  if (found.limits === undefined && found.environment !== "") throw noEnvironment(found, named);
  const environment = found.environment || undefined;
  const where = `${found.workspace ? `workspace ${found.workspace}, ` : ""}environment ${environment ?? "by default"}`;
  return { modal, profile, environment, state: "done", detail: `${where} (${source})` };
}

/**
 * Without this, nothing would be found there, and only what is made in it fails.
 * @param named undefined where the name is from ~/.modal.toml
 */
function noEnvironment(
  { workspace, environment, environments }: ModalWorkspace,
  named: Setting | undefined,
): AbortError {
  const [instead = "main"] = environments;
  const mends: Record<SettingSource["kind"], string> = {
    flag: "",
    environment: `export MODAL_ENVIRONMENT=${instead}`,
    stored: `modal-gha config set modalEnvironment ${instead}`,
    default: `modal config set-environment ${instead}`,
  };
  const { source } = named ?? { source: { kind: "default" as const } };
  const from = named ? describeSource(source) : "~/.modal.toml";
  return new AbortError(
    `There is no Environment ${environment} in the Modal workspace ${workspace ?? "of the token"}.`,
    {
      code: "no-environment",
      why: `There are: ${environments.join(", ") || "none"}. The name is from ${from}.`,
      nextSteps: [`Name another: ${mends[source.kind]}`, `Or make it: modal environment create ${environment}`],
    },
  );
}
