import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { ExitCode } from "../../lib/cli/exit-codes.ts";
import { renderValidation, validatePolicy } from "../../lib/operations/policy-validation.ts";
import { resolveSettings } from "../../lib/settings/settings.ts";
import { SettingsStore } from "../../lib/settings/store.ts";

export default class ConfigValidate extends BaseCommand<typeof ConfigValidate> {
  static override summary = "Check a policy file: every fault with its line, column and mend.";
  static override description =
    "Nothing is asked of GitHub or Modal. Warnings are about what is allowed and yet probably a mistake. " +
    "Exit code 0: it is valid, with or without warnings; 1: it is not, or there is no such file.\n" +
    "JSON: {file, valid, hash, pools, faults, warnings}; a fault has line, column, path and message.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> modal-gha.yaml --json",
  ];
  static override args = {
    file: Args.string({ description: "The policy file; the one of the settings unless told." }),
  };

  async run(): Promise<void> {
    const flags = { policyFile: this.args.file };
    const { policyFile } = await resolveSettings({ flags, env: process.env, store: new SettingsStore() });
    const validation = await validatePolicy(policyFile.value);
    this.output(validation, (result) => renderValidation(result, this.io.stdout.colours));
    if (!validation.valid) this.setExitCode(ExitCode.Failure);
  }
}
