// What `init` wrote on this machine, for --local. The policy file is the operator's work and always stays.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { defaultFleetKey, profilesKey, storedProfiles } from "../settings/profiles.ts";
import { overridden } from "../settings/settings.ts";
import { SettingsStore, settingsFolder } from "../settings/store.ts";
import type { DestroyAccess } from "./open.ts";
import type { Found } from "./stored.ts";
import type { Removable } from "./things.ts";

/**
 * By the policy's name, and only where nothing says that another fleet of that name is meant. What else is in the file of
 * the settings is not this fleet's.
 */
export async function surveyLocal({ env, policy: { fleet }, settings }: DestroyAccess): Promise<Found> {
  const folder = settingsFolder(env);
  const store = new SettingsStore(folder);
  const stored = await store.read();
  const { [fleet]: own, ...others } = storedProfiles(stored);
  const { [profilesKey]: _profiles, [defaultFleetKey]: _default, ...shared } = stored;
  const keyFile = join(folder, `${fleet}.private-key.pem`);
  const profile = { kind: "file", name: `${store.file}, fleet ${fleet}` } as const;
  const [foreign] = overridden(settings, { ...shared, ...own });
  if (foreign) {
    const why = `${foreign.variable} in the environment goes before its ${foreign.name}, so it may be of another fleet of that name`;
    const keep = (each: { kind: string; name: string }, remedy: string) => ({ ...each, why, remedy });
    return {
      things: [],
      kept: [
        ...(own ? [keep(profile, `modal-gha config unset --fleet ${fleet} --all`)] : []),
        ...(existsSync(keyFile) ? [keep({ kind: "file", name: keyFile }, `rm ${keyFile}`)] : []),
      ],
    };
  }
  const key = existsSync(keyFile) ? [file(keyFile, "the App's private key that init kept")] : [];
  const rest = [...Object.keys(others), ...(Object.keys(shared).length > 0 ? ["all fleets"] : [])];
  if (rest.length === 0) {
    return { things: [...(existsSync(store.file) ? [file(store.file, "the stored settings")] : []), ...key], kept: [] };
  }
  const remove = () => store.removeProfile(fleet);
  return {
    things: [...(own ? [{ ...profile, id: profile.name, mark: "the fleet's stored settings", remove }] : []), ...key],
    kept: [{ kind: "file", name: store.file, why: `it has the settings of ${rest.join(", ")}, too`, remedy: null }],
  };
}

function file(path: string, mark: string): Removable {
  return { kind: "file", name: path, id: path, mark, remove: () => rm(path, { force: true }) };
}
