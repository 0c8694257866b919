// Deploys the operator's controller, or goes back to an earlier version of it: settings, policy, Modal and the Secret.
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { explainError } from "../cli/explain-error.ts";
import { appVariables, isOfFurtherApp } from "../github/credentials.ts";
import type { ModalConnection } from "../modal/client.ts";
import type { DeploySettings } from "../modal/deploy/bundle.ts";
import type { Via } from "../modal/deploy/client-program.ts";
import type { DeployedController } from "../modal/deploy/deploy.ts";
import type { RolledBack } from "../modal/deploy/rollback.ts";
import { secretName } from "../modal/names.ts";
import type { LoadedPolicy } from "../policy/load.ts";
import type { Settings } from "../settings/settings.ts";
import { type OpenPolicyOptions, openPolicy } from "./open-policy.ts";

export interface DeployAccess {
  env: Readonly<Record<string, string | undefined>>;
  settings: Settings;
  policy: LoadedPolicy;
  modal: ModalConnection;
}

/** @throws AbortError with what to type next, or what the modal SDK throws */
export async function openDeployAccess(options: OpenPolicyOptions): Promise<DeployAccess> {
  const { settings, ...policy } = await openPolicy(options);
  const { openModal } = await import("../modal/client.ts");
  return { env: options.env, settings, policy, modal: await openModal() };
}

export interface Listeners {
  signal: AbortSignal;
  /** Hears what is being done. */
  onNote(text: string): void;
}

export interface DeployWish extends Listeners {
  settings: DeploySettings;
  via: Via | undefined;
  /** Puts the credentials at hand into the Secret also where there is one. */
  updateSecret: boolean;
}

export interface Deployed extends DeployedController {
  fleet: string;
}

/** @throws AbortError with what to type next, or what the modal SDK throws */
export async function deployFleet(access: DeployAccess, wish: DeployWish): Promise<Deployed> {
  const { modal, policy, settings, env } = access;
  const { deployController } = await import("../modal/deploy/deploy.ts");
  return explained(async () => {
    await ensureSecret(access, wish);
    wish.signal.throwIfAborted();
    const deployed = await deployController({
      modal,
      policy: policy.policy,
      policyFile: policy.file,
      settings: wish.settings,
      via: wish.via,
      githubApiUrl: settings.githubApiUrl.value,
      signal: wish.signal,
      onProgress: wish.onNote,
      env,
    });
    return { fleet: policy.policy.fleet, ...deployed };
  });
}

/** @param version Modal's number; the one before the current where absent. @throws as deployFleet */
export async function rollBackFleet(
  { modal, policy }: DeployAccess,
  version: number | undefined,
  { signal, onNote }: Listeners,
): Promise<RolledBack & { fleet: string }> {
  const { rollBackController } = await import("../modal/deploy/rollback.ts");
  const { fleet } = policy.policy;
  const options = { client: modal.client, fleet, version, signal, say: onNote };
  return { fleet, ...(await explained(() => rollBackController(options))) };
}

/** Makes the Secret where there is none; one that is there is left as it is, but for a token pair that it lacks. */
async function ensureSecret({ modal, policy, settings, env }: DeployAccess, wish: DeployWish): Promise<void> {
  const { client } = modal;
  const { fleet } = policy.policy;
  const [{ readSecretKeys, readSecretState, writeSecret }, { neededKeys }, { githubValues, modalValues }] =
    await Promise.all([
      import("../modal/secrets.ts"),
      import("../modal/deploy/deploy.ts"),
      import("./controller-secret.ts"),
    ]);
  const state = await readSecretState(client, fleet, neededKeys);
  // Of a Secret that is not ours, deployController says what there is to say.
  if (state === "not-ours" || (state === "complete" && !wish.updateSecret)) return;
  const isNew = state === "missing";
  const ofGitHub =
    isNew || wish.updateSecret
      ? await githubValues(env, settings, !isNew, wish.onNote).catch((error: unknown) => {
          throw withoutSecret(error, fleet, isNew);
        })
      : {};
  const values: Record<string, string | undefined> = { ...modalValues(env, client.profile), ...ofGitHub };
  // A controller does not start with a token and further Apps.
  if (appVariables(1).appId in values && values[appVariables(1).appId] === undefined) {
    const keys = await readSecretKeys(client, fleet);
    Object.assign(values, Object.fromEntries(keys.filter(isOfFurtherApp).map((key) => [key, undefined])));
  }
  for (const [key, value] of Object.entries(values)) {
    const isThere = async () => !isNew && (await readSecretState(client, fleet, [key])) === "complete";
    if (value === undefined && !(await isThere())) delete values[key];
  }
  await writeSecret(client, fleet, values);
  wish.onNote(`${isNew ? "Made" : "Updated"} the Secret ${secretName(fleet)}: ${Object.keys(values).join(", ")}`);
}

function withoutSecret(error: unknown, fleet: string, isNew: boolean): unknown {
  if (!isNew) return error;
  const { message, code, exitCode } = explainError(error);
  return new AbortError(
    `There is no Secret ${secretName(fleet)} at Modal yet, and not all that belongs in it is here.`,
    {
      why: message,
      code,
      nextSteps: [
        "modal-gha init",
        "Or set MODAL_GHA_APP_ID, MODAL_GHA_PRIVATE_KEY_FILE and MODAL_GHA_WEBHOOK_SECRET: modal-gha deploy",
      ],
      exitCode: exitCode as AbortError["exitCode"],
      cause: error,
    },
  );
}

/** By name, so that nothing is loaded for it. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { name, message, code, why, nextSteps } = error as Error & {
      code: string;
      why?: string;
      nextSteps: string[];
    };
    if (name !== "DeployError") throw error;
    const exitCode = code === "no-token-pair" ? ExitCode.Authentication : ExitCode.Failure;
    throw new AbortError(message, { code, nextSteps, exitCode, cause: error, ...(why === undefined ? {} : { why }) });
  }
}
