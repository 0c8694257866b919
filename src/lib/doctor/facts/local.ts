// What is on this machine: settings and the policy.
import { readPolicy } from "../../operations/fleet-access.ts";
import type { LoadedPolicy } from "../../policy/load.ts";
import { resolveSettings, type Settings } from "../../settings/settings.ts";
import { SettingsStore, settingsFolder } from "../../settings/store.ts";
import { once } from "../once.ts";
import type { FactsOptions } from "./facts.ts";

export interface LocalFacts {
  settings(): Promise<{ settings: Settings; file: string; isStored: boolean }>;
  policy(): Promise<LoadedPolicy>;
}

export function localFacts({ env, policyFile }: FactsOptions): LocalFacts {
  const settings = once(async () => {
    const store = new SettingsStore(settingsFolder(env));
    const resolved = await resolveSettings({ flags: { policyFile }, env, store });
    const isStored = Object.keys(await store.read()).length > 0;
    return { settings: resolved, file: store.file, isStored };
  });
  const policy = once(async () => readPolicy((await settings()).settings.policyFile.value));
  return { settings, policy };
}
