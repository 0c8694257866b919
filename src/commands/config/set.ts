import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import {
  parseSettingName,
  parseSettingValue,
  settingDefinition,
  storableNames,
} from "../../lib/settings/definitions.ts";
import { storeSetting } from "../../lib/settings/edit.ts";
import { SettingsStore } from "../../lib/settings/store.ts";

export default class ConfigSet extends BaseCommand<typeof ConfigSet> {
  static override summary = "Store a setting for this user of this machine.";
  static override description =
    "It counts wherever neither a flag nor the environment says otherwise. With --fleet it is stored for that fleet " +
    "alone, which need not have been stored before; `config set fleet` says which fleet is meant from now on, and then " +
    "settings are stored for that one unless --shared is given. Paths are made absolute. Secrets are not stored: set " +
    "their variables in the environment.\nJSON: {name, value, fleet, file}; fleet is null for all fleets.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> policyFile ./modal-gha.yaml",
    "<%= config.bin %> <%= command.id %> --fleet staging policyFile ./staging.yaml",
    "<%= config.bin %> <%= command.id %> fleet staging",
  ];
  static override args = {
    name: Args.string({ description: `One of ${storableNames.join(", ")}.`, required: true }),
    value: Args.string({ description: "What it is to be.", required: true }),
  };
  static override flags = {
    shared: Flags.boolean({ summary: "For all fleets, also where one is meant.", exclusive: ["fleet"] }),
  };

  async run(): Promise<void> {
    const name = parseSettingName(this.args.name);
    const value = parseSettingValue(name, this.args.value);
    const store = new SettingsStore();
    const target = { env: process.env, store, isShared: this.flags.shared === true };
    const { fleet, isNewFleet } = await storeSetting(name, value, target);
    this.output({ name, value, fleet, file: store.file }, () => "");
    if (isNewFleet) this.io.note(`The fleet ${fleet} is new in the settings.`);
    this.io.note(`${name}${fleet === null ? "" : ` of the fleet ${fleet}`} is ${value} from now on.`);
    const variable = settingDefinition(name).environment.find((key) => process.env[key]);
    if (variable !== undefined) this.io.note(`Here ${variable} in the environment goes before it.`);
  }
}
