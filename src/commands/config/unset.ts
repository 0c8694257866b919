import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { AbortError } from "../../lib/cli/errors.ts";
import { ExitCode } from "../../lib/cli/exit-codes.ts";
import { parseSettingName, storableNames } from "../../lib/settings/definitions.ts";
import { unstoreFleet, unstoreSetting } from "../../lib/settings/edit.ts";
import { SettingsStore } from "../../lib/settings/store.ts";

export default class ConfigUnset extends BaseCommand<typeof ConfigUnset> {
  static override summary = "Take back what `config set` stored.";
  static override description =
    "Of the fleet that is meant, or with --shared, what is stored for all. Nothing but the settings is touched: " +
    "`destroy` removes a fleet. It is no error when there is nothing to take back.\n" +
    "JSON: {name, fleet, wasStored, file}; name is null with --all, fleet is null for all fleets.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> policyFile",
    "<%= config.bin %> <%= command.id %> --fleet staging --all",
    "<%= config.bin %> <%= command.id %> fleet",
  ];
  static override args = {
    name: Args.string({ description: `One of ${storableNames.join(", ")}.` }),
  };
  static override flags = {
    all: Flags.boolean({ summary: "Everything stored for the fleet, its name included." }),
    shared: Flags.boolean({ summary: "What is stored for all fleets.", exclusive: ["fleet", "all"] }),
  };

  async run(): Promise<void> {
    const { all, shared } = this.flags;
    const isAll = all === true;
    if ((this.args.name !== undefined) === isAll) throw unclear(isAll);
    const store = new SettingsStore();
    if (this.args.name === undefined) {
      const fleet = await unstoreFleet({ env: process.env, store });
      this.output({ name: null, fleet, wasStored: true, file: store.file }, () => "");
      this.io.note(`The settings have no fleet ${fleet} any more.`);
      return;
    }
    const name = parseSettingName(this.args.name);
    const { fleet, wasStored } = await unstoreSetting(name, { env: process.env, store, isShared: shared === true });
    this.output({ name, fleet, wasStored, file: store.file }, () => "");
    const what = fleet === null ? name : `${name} of the fleet ${fleet}`;
    this.io.note(wasStored ? `${what} is not stored any more.` : `${what} was not stored.`);
  }
}

function unclear(isBoth: boolean): AbortError {
  return new AbortError(isBoth ? "It is either a setting or --all." : "Nothing says which setting is meant.", {
    code: "usage",
    exitCode: ExitCode.Usage,
    why: `The settings are ${storableNames.join(", ")}.`,
    nextSteps: ["modal-gha config get"],
  });
}
