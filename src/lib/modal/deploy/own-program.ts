// Deploys from this machine, with Modal's Python client as a child process.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Profile } from "modal";
import { appFile, type Bundle, deploymentTag, writeBundle } from "./bundle.ts";
import { type ClientProgram, type Environment, runProgram } from "./client-program.ts";

export interface DeployRun {
  bundle: Bundle;
  profile: Profile;
  environmentName: string;
  onLine(line: string): void;
  signal?: AbortSignal | undefined;
}

/** What `modal` is told. @param folder of the files */
export function deployArguments(bundle: Bundle, environmentName: string, folder: string): string[] {
  const environment = environmentName === "" ? [] : ["--env", environmentName];
  return ["deploy", ...environment, "--tag", deploymentTag(bundle), `${folder}/${appFile}`];
}

/** @param env see withoutOurs. @returns the client's exit code. @throws the signal's reason */
export async function deployFromHere(
  program: ClientProgram,
  env: Environment,
  { bundle, profile, environmentName, onLine, signal }: DeployRun,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "modal-gha-deploy-"));
  try {
    await writeBundle(bundle, folder);
    const command = [...program.command, ...deployArguments(bundle, environmentName, folder)];
    return await runProgram(command, { cwd: folder, env: clientEnvironment(profile, env), onLine, signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Its words are read by line, and not by a terminal. */
export const plainOutput = { NO_COLOR: "1", COLUMNS: "160", PYTHONUTF8: "1", PYTHONUNBUFFERED: "1" } as const;

/** Variables that are nobody's business but ours. */
const ours = /^(MODAL_GHA_.*|GH_TOKEN|GITHUB_TOKEN)$/;

/** An environment for programs that are not ours. */
export function withoutOurs(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)));
}

/** The client's environment, with the Modal that we ourselves talk to. */
function clientEnvironment({ serverUrl, tokenId, tokenSecret }: Profile, env: Environment): Environment {
  return {
    ...env,
    ...(tokenId && tokenSecret ? { MODAL_TOKEN_ID: tokenId, MODAL_TOKEN_SECRET: tokenSecret } : {}),
    MODAL_SERVER_URL: serverUrl,
    ...plainOutput,
  };
}
