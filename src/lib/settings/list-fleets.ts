// The fleets that have settings of their own, for `config fleets`.
import { settingDefinition } from "./definitions.ts";
import { defaultFleetKey, storedProfiles } from "./profiles.ts";
import { resolveSettings } from "./settings.ts";
import type { SettingsStore } from "./store.ts";

export interface ListedFleet {
  fleet: string;
  /** Commands are about it unless they say otherwise, here and now. */
  isMeant: boolean;
  policyFile: string;
  githubAppId: string | null;
  githubApiUrl: string;
  webhookUrl: string | null;
  modalProfile: string | null;
  modalEnvironment: string | null;
}

/** By name. What is stored for all fleets counts for each; the environment does not, as it is not the fleets'. */
export async function listFleets(
  store: SettingsStore,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ListedFleet[]> {
  const stored = await store.read();
  const [variable = ""] = settingDefinition(defaultFleetKey).environment;
  const meant = env[variable] || stored[defaultFleetKey];
  const names = Object.keys(storedProfiles(stored)).sort();
  return Promise.all(
    names.map(async (fleet) => {
      const settings = await resolveSettings({ flags: { fleet }, env: {}, store });
      return {
        fleet,
        isMeant: fleet === meant,
        policyFile: settings.policyFile.value,
        githubAppId: settings.githubAppId?.value ?? null,
        githubApiUrl: settings.githubApiUrl.value,
        webhookUrl: settings.webhookUrl?.value ?? null,
        modalProfile: settings.modalProfile?.value ?? null,
        modalEnvironment: settings.modalEnvironment?.value ?? null,
      };
    }),
  );
}
