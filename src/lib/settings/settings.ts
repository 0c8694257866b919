// Works out the settings of one command: flag, then environment, then what is stored for its fleet, then what is stored
// for all, then the default; and remembers where each came from, so that `config get` and `doctor` can say it.
import { resolve as resolvePath } from "node:path";
import { type SettingName, settingDefinition, settingNames } from "./definitions.ts";
import { defaultFleetKey, profileOf, storedProfiles } from "./profiles.ts";
import type { SettingsStore } from "./store.ts";

export type SettingSource =
  | { kind: "flag"; name: string }
  | { kind: "environment"; name: string }
  /** `fleet`: the profile that it is stored for; for all fleets where absent. */
  | { kind: "stored"; file: string; fleet?: string }
  | { kind: "default" };

export interface Setting {
  value: string;
  source: SettingSource;
}

/** Settings without a value anywhere are missing. */
export type Settings = { githubApiUrl: Setting; policyFile: Setting } & { [name in SettingName]?: Setting };

export interface SettingInputs {
  /** Whose settings they are, whatever else says which fleet is meant; it need not have any of its own. */
  fleet?: string | undefined;
  /** Values of flags, by the setting they set. */
  flags?: { [name in SettingName]?: string | undefined };
  env: Readonly<Record<string, string | undefined>>;
  store: Pick<SettingsStore, "file" | "read">;
}

/** @throws AbortError when the stored settings cannot be read, or have no such fleet */
export async function resolveSettings({ fleet: given, flags = {}, env, store }: SettingInputs): Promise<Settings> {
  const stored = await store.read();
  const shared = { values: stored, source: { kind: "stored", file: store.file } } as const;
  const resolve = (name: SettingName, places: readonly StoredValues[]): Setting | undefined => {
    const definition = settingDefinition(name);
    const flag = flags[name];
    if (flag !== undefined) return { value: flag, source: { kind: "flag", name } };
    // Empty counts as not set: that is how CI systems hand over a secret that does not exist.
    const variable = definition.environment.find((variable) => env[variable]);
    if (variable !== undefined) return { value: env[variable]!, source: { kind: "environment", name: variable } };
    for (const { values, source } of definition.secret ? [] : places) {
      const kept = values[name];
      if (typeof kept === "string" && kept !== "") return { value: kept, source };
    }
    return definition.default === undefined ? undefined : { value: definition.default, source: { kind: "default" } };
  };
  const hasOwn = given === undefined || Object.hasOwn(storedProfiles(stored), given);
  const named = given === undefined ? resolve(defaultFleetKey, [shared]) : { value: given, source: shared.source };
  const fleet = hasOwn ? named : undefined;
  const own: StoredValues[] =
    fleet === undefined
      ? []
      : [{ values: profileOf(fleet.value, stored), source: { ...shared.source, fleet: fleet.value } }];
  const find = (name: SettingName) => (name === defaultFleetKey ? fleet : resolve(name, [...own, shared]));
  const found = settingNames.map((name) => [name, find(name)] as const).filter(([, setting]) => setting !== undefined);
  return Object.fromEntries(found) as Settings;
}

interface StoredValues {
  values: Readonly<Record<string, unknown>>;
  source: SettingSource;
}

/**
 * Those of these stored values that the environment sets to something else.
 * @returns each with its variable
 */
export function overridden(
  settings: Settings,
  stored: Readonly<Record<string, unknown>>,
): { name: SettingName; variable: string }[] {
  return settingNames.flatMap((name) => {
    const { value, source } = settings[name] ?? {};
    const kept = stored[name];
    if (source?.kind !== "environment" || typeof kept !== "string") return [];
    // Paths are stored whole, and typed as they come.
    const isSame =
      settingDefinition(name).kind === "path" ? resolvePath(value ?? "") === resolvePath(kept) : kept === value;
    return isSame ? [] : [{ name, variable: source.name }];
  });
}

/** Where a value came from, for people. */
export function describeSource(source: SettingSource): string {
  switch (source.kind) {
    case "flag":
      return "a flag";
    case "environment":
      return source.name;
    case "stored":
      return source.fleet === undefined ? source.file : `${source.file}, fleet ${source.fleet}`;
    case "default":
      return "default";
  }
}
