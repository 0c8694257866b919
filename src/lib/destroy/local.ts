// What `init` wrote on this machine, for --local. The policy file is the operator's work and always stays.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { storedProfiles } from "../settings/profiles.ts";
import { SettingsStore, settingsFolder } from "../settings/store.ts";
import type { DestroyAccess } from "./open.ts";
import type { Found } from "./stored.ts";
import type { Removable } from "./things.ts";

/** What other fleets have settings of their own for, too, is not this fleet's alone. */
export async function surveyLocal({ env, policy, settings }: DestroyAccess): Promise<Found> {
  const folder = settingsFolder(env);
  const store = new SettingsStore(folder);
  const key = join(folder, `${policy.fleet}.private-key.pem`);
  const found = existsSync(key) ? [file(key, "the App's private key that init kept")] : [];
  const fleets = Object.keys(storedProfiles(await store.read()));
  const own = settings.fleet?.value ?? policy.fleet;
  if (fleets.every((fleet) => fleet === own)) {
    const stored = existsSync(store.file) ? [file(store.file, "the stored settings")] : [];
    return { things: [...stored, ...found], kept: [] };
  }
  const name = `${store.file}, fleet ${own}`;
  const remove = () => store.removeProfile(own);
  const profile = { kind: "file", name, id: name, mark: "the fleet's stored settings", remove } as const;
  const others = fleets.filter((fleet) => fleet !== own);
  const why = `it has the settings of ${others.join(", ")}, too`;
  return {
    things: [...(fleets.includes(own) ? [profile] : []), ...found],
    kept: [{ kind: "file", name: store.file, why, remedy: null }],
  };
}

function file(path: string, mark: string): Removable {
  return { kind: "file", name: path, id: path, mark, remove: () => rm(path, { force: true }) };
}
