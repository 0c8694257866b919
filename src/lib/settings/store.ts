// What the operator stored for good: one JSON file, readable by them alone. Settings for all fleets are at its top;
// those of one fleet, by its name, under `fleets`; and `fleet` names the one that is meant unless a command says.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type Conf from "conf";
import { AbortError } from "../cli/errors.ts";
import { defaultFleetKey, profilesKey, storedProfiles } from "./profiles.ts";

export type StoredSettings = Record<string, unknown>;

/**
 * Folder of our settings: `modal-gha` under XDG_CONFIG_HOME or ~/.config (https://specifications.freedesktop.org/basedir/),
 * on Windows under %APPDATA%.
 */
export function settingsFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = env["XDG_CONFIG_HOME"] || (process.platform === "win32" && env["APPDATA"]) || join(homedir(), ".config");
  return join(base, "modal-gha");
}

export class SettingsStore {
  /** Absolute path of the file; it need not exist. */
  readonly file: string;
  readonly #folder: string;

  constructor(folder: string = settingsFolder()) {
    this.#folder = folder;
    this.file = join(folder, "config.json");
  }

  /**
   * Everything stored.
   * @throws AbortError when the file is not what this tool wrote; it is left as it is
   */
  async read(): Promise<StoredSettings> {
    // Most machines that run this, CI among them, store nothing: spare them loading conf.
    if (!existsSync(this.file)) return {};
    return this.#use((conf) => ({ ...conf.store }));
  }

  /**
   * @param fleet the profile to store it in, which is made if there is none; for all fleets if left out
   * @throws AbortError as read() does, with nothing written
   */
  async set(name: string, value: string, fleet?: string): Promise<void> {
    if (fleet === undefined) await this.#use((conf) => conf.set(name, value));
    else await this.setProfile(fleet, { [name]: value });
  }

  /** @param fleet as of set() @throws AbortError as read() does, with nothing written */
  async unset(name: string, fleet?: string): Promise<void> {
    if (!existsSync(this.file)) return;
    await this.#use((conf) => {
      if (fleet === undefined) return conf.delete(name);
      const profiles = storedProfiles(conf.store);
      const { [name]: _gone, ...rest } = profiles[fleet] ?? {};
      if (profiles[fleet] !== undefined) conf.set(profilesKey, { ...profiles, [fleet]: rest });
    });
  }

  /**
   * Stores settings of one fleet, all at once; what was stored for it before and is not named stays.
   * @param fleet see parseFleetName
   * @throws AbortError as read() does, with nothing written
   */
  async setProfile(fleet: string, settings: Readonly<Record<string, string>>): Promise<void> {
    await this.#use((conf) => {
      const profiles = storedProfiles(conf.store);
      conf.set(profilesKey, { ...profiles, [fleet]: { ...profiles[fleet], ...settings } });
    });
  }

  /** Forgets all that is stored for one fleet, and that it is the one meant if it was. @throws as setProfile() */
  async removeProfile(fleet: string): Promise<void> {
    if (!existsSync(this.file)) return;
    await this.#use((conf) => {
      const { [fleet]: _gone, ...rest } = storedProfiles(conf.store);
      if (Object.keys(rest).length > 0) conf.set(profilesKey, rest);
      else conf.delete(profilesKey);
      if (conf.get(defaultFleetKey) === fleet) conf.delete(defaultFleetKey);
    });
  }

  /** Says which fleet commands are about that do not say it themselves. @throws as setProfile() */
  async setDefaultFleet(fleet: string): Promise<void> {
    await this.set(defaultFleetKey, fleet);
  }

  async #use<T>(action: (conf: Conf<StoredSettings>) => T): Promise<T> {
    const { default: Conf } = await import("conf");
    try {
      const conf = new Conf<StoredSettings>({
        cwd: this.#folder,
        configName: "config",
        configFileMode: 0o600,
        // A file that was broken by hand is for the operator to mend; emptying it would lose the rest.
        clearInvalidConfig: false,
        accessPropertiesByDotNotation: false,
        // Anything but an object would pass for an empty store, and be written over.
        deserialize: (text) => {
          const value: unknown = JSON.parse(text);
          if (value === null || typeof value !== "object" || Array.isArray(value))
            throw new SyntaxError("not an object");
          return value as StoredSettings;
        },
      });
      return action(conf);
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new AbortError(`The settings file ${this.file} cannot be read.`, {
        why: `It is not a JSON object any more: ${cause.message}`,
        nextSteps: [`Mend it, or set it aside: mv ${this.file} ${this.file}.broken`],
        code: "invalid-settings",
        cause,
      });
    }
  }
}
