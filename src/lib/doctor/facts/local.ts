// What is on this machine: settings and the policy.
import { openPolicy } from "../../operations/open-policy.ts";
import type { LoadedPolicy } from "../../policy/load.ts";
import { resolveSettings, type Settings } from "../../settings/settings.ts";
import { SettingsStore, settingsFolder } from "../../settings/store.ts";
import { once } from "../once.ts";
import type { FactsOptions } from "./facts.ts";

export interface LocalFacts {
  settings(): Promise<{ settings: Settings; file: string; isStored: boolean }>;
  /** `doubts`: where settings and policy do not agree. */
  policy(): Promise<LoadedPolicy & { doubts: string[] }>;
}

export function localFacts({ env, policyFile }: FactsOptions): LocalFacts {
  const policy = once(async () => {
    const doubts: string[] = [];
    const opened = await openPolicy({ env, policyFile, warn: (text) => void doubts.push(text) });
    return { ...opened, doubts };
  });
  const settings = once(async () => {
    const store = new SettingsStore(settingsFolder(env));
    // Whose settings they are is the policy's to say; where there is none, it is told of when it is its turn.
    const opened = await policy().catch(() => undefined);
    const resolved = opened?.settings ?? (await resolveSettings({ flags: { policyFile }, env, store }));
    const isStored = Object.keys(await store.read()).length > 0;
    return { settings: resolved, file: store.file, isStored };
  });
  return { settings, policy };
}
