import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import {
  parseSettingName,
  parseSettingValue,
  settingDefinition,
  storableNames,
} from "../../lib/settings/definitions.ts";
import { SettingsStore } from "../../lib/settings/store.ts";

export default class ConfigSet extends BaseCommand<typeof ConfigSet> {
  static override summary = "Store a setting for this user of this machine.";
  static override description =
    "It counts wherever neither a flag nor the environment says otherwise. Paths are made absolute. " +
    "Secrets are not stored: set their variables in the environment.\nJSON: {name, value, file}.";
  static override examples = ["<%= config.bin %> <%= command.id %> policyFile ./modal-gha.yaml"];
  static override args = {
    name: Args.string({ description: `One of ${storableNames.join(", ")}.`, required: true }),
    value: Args.string({ description: "What it is to be.", required: true }),
  };

  async run(): Promise<void> {
    const name = parseSettingName(this.args.name);
    const value = parseSettingValue(name, this.args.value);
    const store = new SettingsStore();
    await store.set(name, value);
    this.output({ name, value, file: store.file }, () => "");
    this.io.note(`${name} is ${value} from now on.`);
    const variable = settingDefinition(name).environment.find((key) => process.env[key]);
    if (variable !== undefined) this.io.note(`Here ${variable} in the environment goes before it.`);
  }
}
