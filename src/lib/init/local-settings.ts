// What `init` reads from and stores on this machine: the fleet's profile of settings, and the key of an App that it made.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fleetVariable } from "../cli/base-command.ts";
import type { SettingName } from "../settings/definitions.ts";
import { defaultFleetKey, storedProfiles } from "../settings/profiles.ts";
import { resolveSettings, type SettingInputs, type Settings } from "../settings/settings.ts";
import { SettingsStore, settingsFolder } from "../settings/store.ts";

export class LocalSettings {
  readonly #env: SettingInputs["env"];
  readonly #flags: NonNullable<SettingInputs["flags"]>;
  readonly #folder: string;
  readonly #store: SettingsStore;

  /** @param flags what the command line says, by the setting that it sets */
  constructor(env: SettingInputs["env"], flags: NonNullable<SettingInputs["flags"]>) {
    this.#env = env;
    this.#flags = flags;
    this.#folder = settingsFolder(env);
    this.#store = new SettingsStore(this.#folder);
  }

  get file(): string {
    return this.#store.file;
  }

  /** The fleet that was asked for by --fleet or its variable. */
  get askedFleet(): string | undefined {
    return this.#env[fleetVariable] || undefined;
  }

  /**
   * The settings of a fleet, which need not have any yet; without a name, those of the fleet that was asked for, or of the
   * default one.
   * @throws AbortError when the stored settings cannot be read
   */
  async resolve(fleet: string | undefined = this.askedFleet): Promise<Settings> {
    return resolveSettings({ fleet, flags: this.#flags, env: this.#env, store: this.#store });
  }

  /**
   * Stores settings of a fleet, and makes it the one that commands are about where there is no other.
   * @param values those that are undefined stay as they are
   * @returns whether anything was not stored yet
   */
  async remember(fleet: string, values: { [name in SettingName]?: string | undefined }): Promise<boolean> {
    const stored = await this.#store.read();
    const known = storedProfiles(stored)[fleet] ?? {};
    const news = Object.entries(values).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && known[entry[0]] !== entry[1],
    );
    const isFirst = typeof stored[defaultFleetKey] !== "string";
    if (news.length > 0) await this.#store.setProfile(fleet, Object.fromEntries(news));
    if (isFirst) await this.#store.setDefaultFleet(fleet);
    return news.length > 0 || isFirst;
  }

  /** Takes out what is stored of a fleet under these names. @returns whether anything was */
  async forget(fleet: string, names: readonly SettingName[]): Promise<boolean> {
    const known = storedProfiles(await this.#store.read())[fleet] ?? {};
    const stored = names.filter((name) => known[name] !== undefined);
    for (const name of stored) await this.#store.unset(name, fleet);
    return stored.length > 0;
  }

  /** Whether commands are about this fleet unless they say otherwise. */
  async isDefault(fleet: string): Promise<boolean> {
    return (await this.#store.read())[defaultFleetKey] === fleet;
  }

  /** Where the private key of the fleet's App is kept. */
  keyFile(fleet: string): string {
    return join(this.#folder, `${fleet}.private-key.pem`);
  }

  /** Keeps a key, readable by its owner alone, from the first byte on. @returns the file */
  async keepKey(fleet: string, privateKey: string): Promise<string> {
    const file = this.keyFile(fleet);
    if (!existsSync(this.#folder)) await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    // Whole or not at all: GitHub hands a key out once.
    const whole = `${file}.${randomBytes(4).toString("hex")}`;
    await writeFile(whole, privateKey, { mode: 0o600, flag: "wx" });
    await rename(whole, file);
    return file;
  }
}
