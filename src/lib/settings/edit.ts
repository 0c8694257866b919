// Storing settings and taking them back: for the fleet that is meant, or for all.
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { type SettingName, settingDefinition } from "./definitions.ts";
import { defaultFleetKey, parseFleetName, profileOf, storedProfiles } from "./profiles.ts";
import type { SettingsStore, StoredSettings } from "./store.ts";

export interface EditTarget {
  env: Readonly<Record<string, string | undefined>>;
  store: SettingsStore;
  /** For all fleets, also where one is meant. */
  isShared: boolean;
}

export interface Edited {
  /** The fleet that it is stored for; null for all. */
  fleet: string | null;
  /** Nothing was stored for this fleet before. */
  isNewFleet: boolean;
}

/**
 * Stores a setting that was checked already (parseSettingValue).
 * @throws AbortError (usage) for a setting that is not a fleet's, or a default fleet that is not stored
 */
export async function storeSetting(name: SettingName, value: string, target: EditTarget): Promise<Edited> {
  const stored = await target.store.read();
  const fleet = targetFleet(name, stored, target);
  if (name === defaultFleetKey) profileOf(value, stored);
  await target.store.set(name, value, fleet);
  return { fleet: fleet ?? null, isNewFleet: fleet !== undefined && !isStored(fleet, stored) };
}

/** @returns the fleet it was stored for, or null, and whether it was. @throws AbortError as storeSetting() */
export async function unstoreSetting(
  name: SettingName,
  target: EditTarget,
): Promise<{ fleet: string | null; wasStored: boolean }> {
  const stored = await target.store.read();
  const fleet = targetFleet(name, stored, target);
  const values = fleet === undefined ? stored : (storedProfiles(stored)[fleet] ?? {});
  await target.store.unset(name, fleet);
  return { fleet: fleet ?? null, wasStored: Object.hasOwn(values, name) };
}

/**
 * Forgets everything that is stored for the fleet that is meant.
 * @throws AbortError (usage) when none is, or it is not stored
 */
export async function unstoreFleet({ env, store }: Omit<EditTarget, "isShared">): Promise<string> {
  const stored = await store.read();
  const fleet = fleetMeant(stored, env);
  if (fleet === undefined) {
    throw new AbortError("Nothing says which fleet is meant.", {
      code: "usage",
      exitCode: ExitCode.Usage,
      nextSteps: ["Name it with --fleet <name>.", "modal-gha config fleets"],
    });
  }
  profileOf(fleet, stored);
  await store.removeProfile(fleet);
  return fleet;
}

function targetFleet(name: SettingName, stored: StoredSettings, { env, isShared }: EditTarget): string | undefined {
  if (isShared || settingDefinition(name).shared) return undefined;
  const fleet = fleetMeant(stored, env);
  return fleet === undefined || isStored(fleet, stored) ? fleet : parseFleetName(fleet);
}

function fleetMeant(stored: StoredSettings, env: EditTarget["env"]): string | undefined {
  const kept = stored[defaultFleetKey];
  const [variable = ""] = settingDefinition(defaultFleetKey).environment;
  return env[variable] || (typeof kept === "string" && kept !== "" ? kept : undefined);
}

function isStored(fleet: string, stored: StoredSettings): boolean {
  return Object.hasOwn(storedProfiles(stored), fleet);
}
