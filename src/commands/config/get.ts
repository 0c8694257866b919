import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { ExitCode } from "../../lib/cli/exit-codes.ts";
import { type Column, renderTable } from "../../lib/cli/table.ts";
import { parseSettingName, type SettingName, settingDefinition, settingNames } from "../../lib/settings/definitions.ts";
import { describeSource, resolveSettings, type Settings } from "../../lib/settings/settings.ts";
import { SettingsStore } from "../../lib/settings/store.ts";

const hidden = "(hidden)";

/** A setting as it may be shown: the value of a secret is not. */
function show(name: SettingName, settings: Settings) {
  const { value, source } = settings[name] ?? { value: null, source: null };
  const secret = settingDefinition(name).secret === true;
  return { name, isSet: value !== null, value: secret ? null : value, secret, source };
}

type Shown = ReturnType<typeof show>;

const columns: Column<Shown>[] = [
  { header: "NAME", value: (row) => row.name },
  { header: "VALUE", value: (row) => (row.isSet ? (row.value ?? hidden) : ""), shrinks: true },
  { header: "FROM", value: (row) => (row.source ? describeSource(row.source) : "not set"), shrinks: true },
];

export default class ConfigGet extends BaseCommand<typeof ConfigGet> {
  static override summary = "Show the settings and where each comes from, or the value of one.";
  static override description =
    "A setting comes from the environment, else from what `config set` stored for the fleet that is meant, else from " +
    "what it stored for all fleets, else from its default. " +
    "Secrets are never shown. Exit code 1: the one that was asked for is not set.\n" +
    "JSON: {name, isSet, value, secret, source}, or a list of these.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> policyFile",
    "<%= config.bin %> <%= command.id %> --fleet staging",
  ];
  static override args = {
    name: Args.string({ description: `One of ${settingNames.join(", ")}.` }),
  };

  async run(): Promise<void> {
    const wanted = this.args.name === undefined ? undefined : parseSettingName(this.args.name);
    const settings = await resolveSettings({ env: process.env, store: new SettingsStore() });
    if (wanted === undefined) {
      const all = settingNames.map((name) => show(name, settings));
      this.output(all, (rows) => renderTable(rows, columns, this.io.stdout));
      return;
    }
    const shown = show(wanted, settings);
    this.output(shown, ({ isSet, value }) => (isSet ? (value ?? hidden) : ""));
    if (shown.isSet) return;
    this.io.note(`${wanted} is not set.`);
    this.setExitCode(ExitCode.Failure);
  }
}
