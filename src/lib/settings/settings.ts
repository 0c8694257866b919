// Works out the settings of one command: flag, then environment, then what is stored for its fleet, then what is stored
// for all, then the default; and remembers where each came from, so that `config get` and `doctor` can say it.
import { type SettingName, settingDefinition, settingNames } from "./definitions.ts";
import { defaultFleetKey, profileOf } from "./profiles.ts";
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
  /** Values of flags, by the setting they set. */
  flags?: { [name in SettingName]?: string | undefined };
  env: Readonly<Record<string, string | undefined>>;
  store: Pick<SettingsStore, "file" | "read">;
}

/** @throws AbortError when the stored settings cannot be read, or have no such fleet */
export async function resolveSettings({ flags = {}, env, store }: SettingInputs): Promise<Settings> {
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
  const fleet = resolve(defaultFleetKey, [shared]);
  const own: StoredValues[] =
    fleet === undefined
      ? []
      : [{ values: profileOf(fleet.value, stored), source: { ...shared.source, fleet: fleet.value } }];
  const found = settingNames
    .map((name) => [name, resolve(name, settingDefinition(name).shared ? [shared] : [...own, shared])] as const)
    .filter(([, setting]) => setting !== undefined);
  return Object.fromEntries(found) as Settings;
}

interface StoredValues {
  values: Readonly<Record<string, unknown>>;
  source: SettingSource;
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
