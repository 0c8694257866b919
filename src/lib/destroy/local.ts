// What `init` wrote on this machine, for --local. The policy file is the operator's work and always stays.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { SettingsStore, settingsFolder } from "../settings/store.ts";
import type { Removable } from "./things.ts";

export function surveyLocal(fleet: string, env: Readonly<Record<string, string | undefined>>): Removable[] {
  const folder = settingsFolder(env);
  const files = [
    { path: new SettingsStore(folder).file, mark: "the stored settings" },
    { path: join(folder, `${fleet}.private-key.pem`), mark: "the App's private key that init kept" },
  ];
  return files
    .filter(({ path }) => existsSync(path))
    .map(({ path, mark }) => ({ kind: "file", name: path, id: path, mark, remove: () => rm(path, { force: true }) }));
}
