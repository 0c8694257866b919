// What every command about a fleet begins with: its settings and its policy, and a word where the two do not agree.
import { AbortError } from "../cli/errors.ts";
import { type LoadedPolicy, loadPolicy } from "../policy/load.ts";
import { chooseModalProfile } from "../settings/modal-profile.ts";
import { profileOf } from "../settings/profiles.ts";
import { overridden, resolveSettings, type Settings } from "../settings/settings.ts";
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
 * A policy, and the settings of its fleet.
 * @throws AbortError when there is no such fleet or file, PolicyError when it is no policy
 */
export async function openPolicy({ env, policyFile, warn }: OpenPolicyOptions): Promise<OpenedPolicy> {
  const inputs = { flags: { policyFile }, env, store: new SettingsStore(settingsFolder(env)) };
  const meant = await resolveSettings(inputs);
  const loaded = await readPolicy(meant.policyFile.value);
  const { fleet } = loaded.policy;
  for (const text of disagreements(meant, fleet, await inputs.store.read())) warn(text);
  const settings = isChosen(meant)
    ? meant
    : { ...(await resolveSettings({ ...inputs, fleet })), policyFile: meant.policyFile };
  chooseModalProfile(settings);
  return { ...loaded, settings };
}

/**
 * Whether somebody said that these settings go with this policy: by asking for the fleet, or by storing the policy file for
 * it. A fleet that is only meant where none is named has nothing to do with a policy of another.
 */
function isChosen({ fleet, policyFile }: Settings): boolean {
  if (fleet === undefined) return false;
  return (
    fleet.source.kind !== "stored" || (policyFile.source.kind === "stored" && policyFile.source.fleet !== undefined)
  );
}

/**
 * What somebody who chose a fleet's settings should know: that the policy is another fleet's, or, where they asked for the
 * fleet by name, that something in the environment goes before what is stored for it. `modal-gha dev env` sets
 * everything, and means it.
 */
function disagreements(settings: Settings, policyFleet: string, stored: Record<string, unknown>): string[] {
  const { fleet, policyFile } = settings;
  if (fleet === undefined || !isChosen(settings)) return [];
  const texts: string[] = [];
  if (policyFleet !== fleet.value) {
    texts.push(
      `Warning: the settings of the fleet ${fleet.value} are used with a policy of another: ` +
        `${policyFile.value} says fleet: ${policyFleet}, and that one is meant.`,
    );
  }
  if (fleet.source.kind === "stored") return texts;
  for (const { name, variable } of overridden(settings, profileOf(fleet.value, stored))) {
    texts.push(`Warning: ${variable} in the environment goes before the ${name} of the fleet ${fleet.value}.`);
  }
  return texts;
}

/** @throws AbortError when there is no such file, PolicyError when it is no policy */
async function readPolicy(file: string): Promise<LoadedPolicy> {
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
