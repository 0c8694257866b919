import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { ExitCode } from "../../lib/cli/exit-codes.ts";
import { type Column, renderTable } from "../../lib/cli/table.ts";
import { openPolicy } from "../../lib/operations/open-policy.ts";
import { comparePolicy } from "../../lib/operations/policy-difference.ts";
import type { Difference } from "../../lib/policy/difference.ts";

const written = (value: unknown) => (value === undefined ? "(none)" : JSON.stringify(value));

const columns: Column<Difference>[] = [
  { header: "SETTING", value: (row) => row.path },
  { header: "HERE", value: (row) => written(row.local), shrinks: true },
  { header: "DEPLOYED", value: (row) => written(row.deployed), shrinks: true },
];

export default class ConfigDiff extends BaseCommand<typeof ConfigDiff> {
  static override summary = "Compare the policy file with the policy that the controller runs.";
  static override description =
    "Asks the controller at the setting webhookUrl. It tells its policy to whom has MODAL_GHA_WEBHOOK_SECRET; to others its hash, which says whether they differ but not in what. Exit code 0: they are the same; 1: they differ.\n" +
    "JSON: {file, localHash, deployedHash, differences}; a difference has path, local and deployed. Without the secret differences is null where there are any.";
  static override examples = ["<%= config.bin %> <%= command.id %>"];
  static override args = {
    file: Args.string({ description: "The policy file; the one of the settings unless told." }),
  };

  async run(): Promise<void> {
    const warn = (text: string) => this.io.note(text);
    const { settings } = await openPolicy({ env: process.env, policyFile: this.args.file, warn });
    const { policyFile, webhookUrl } = settings;
    const comparison = await comparePolicy({
      file: policyFile.value,
      webhookUrl: webhookUrl?.value,
      webhookSecret: process.env["MODAL_GHA_WEBHOOK_SECRET"],
      now: () => this.clock.now(),
    });
    this.output(comparison, ({ differences }) => renderTable(differences ?? [], columns, this.io.stdout));
    const { localHash, deployedHash, differences } = comparison;
    if (localHash === deployedHash) this.io.note(`The controller runs this policy (${localHash}).`);
    else {
      this.io.note(`The controller runs another policy (${deployedHash}) than this one (${localHash}).`);
      if (differences === null) this.io.note("To see in what they differ: set MODAL_GHA_WEBHOOK_SECRET.");
      this.io.note("To have it run this one: modal-gha deploy");
      this.setExitCode(ExitCode.Failure);
    }
  }
}
