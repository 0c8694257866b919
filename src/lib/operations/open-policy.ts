// What every command about a fleet begins with: its settings and its policy, and a word where the two do not agree.
import { AbortError } from "../cli/errors.ts";
import { type LoadedPolicy, loadPolicy } from "../policy/load.ts";
import { settingNames } from "../settings/definitions.ts";
import { chooseModalProfile } from "../settings/modal-profile.ts";
import { profileOf } from "../settings/profiles.ts";
import { resolveSettings, type Settings } from "../settings/settings.ts";
import { SettingsStore, settingsFolder } from "../settings/store.ts";

export interface OpenPolicyOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** `--policy`. */
  policyFile?: string | undefined;
  /** Hears what may be a mistake. */
  warn(text: string): void;
}

export interface OpenedPolicy extends LoadedPolicy {
  settings: Settings;
}

/**
 * The settings of the fleet that is meant, and its policy.
 * @throws AbortError when there is no such fleet or file, PolicyError when it is no policy
 */
export async function openPolicy({ env, policyFile, warn }: OpenPolicyOptions): Promise<OpenedPolicy> {
  const store = new SettingsStore(settingsFolder(env));
  const settings = await resolveSettings({ flags: { policyFile }, env, store });
  const loaded = await readPolicy(settings.policyFile.value);
  for (const text of disagreements(settings, loaded.policy.fleet, await store.read())) warn(text);
  chooseModalProfile(settings);
  return { ...loaded, settings };
}

/**
 * What somebody who asked for a fleet by name should know: that the policy is another fleet's, or that something in the
 * environment goes before what is stored for the fleet. Of a fleet that nobody asked for, only the first is said, and
 * only where its own policy file is used: `modal-gha dev env` sets everything, and means it.
 */
function disagreements(settings: Settings, policyFleet: string, stored: Record<string, unknown>): string[] {
  const { fleet, policyFile } = settings;
  if (fleet === undefined) return [];
  const isAskedFor = fleet.source.kind !== "stored";
  const isOwnPolicy = policyFile.source.kind === "stored" && policyFile.source.fleet !== undefined;
  const texts: string[] = [];
  if (policyFleet !== fleet.value && (isAskedFor || isOwnPolicy)) {
    texts.push(
      `Warning: the settings of the fleet ${fleet.value} are used with a policy of another: ` +
        `${policyFile.value} says fleet: ${policyFleet}, and that one is meant.`,
    );
  }
  if (!isAskedFor) return texts;
  const own = profileOf(fleet.value, stored);
  for (const name of settingNames) {
    const { value, source } = settings[name] ?? {};
    if (source?.kind !== "environment" || typeof own[name] !== "string" || own[name] === value) continue;
    texts.push(`Warning: ${source.name} in the environment goes before the ${name} of the fleet ${fleet.value}.`);
  }
  return texts;
}

/** @throws AbortError when there is no such file, PolicyError when it is no policy */
export async function readPolicy(file: string): Promise<LoadedPolicy> {
  try {
    return await loadPolicy(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new AbortError(`There is no policy file ${file}.`, {
      code: "no-policy",
      why: "The policy says which pools, repositories and limits the fleet has.",
      nextSteps: [
        "Go to the folder that has it, or name it with --policy <file> or MODAL_GHA_POLICY.",
        'To try without one: modal-gha dev, and in another terminal: eval "$(modal-gha dev env)"',
      ],
      cause: error,
    });
  }
}
