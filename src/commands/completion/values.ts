import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand, flagsWithoutJson } from "../../lib/cli/base-command.ts";
import { type DynamicKind, dynamicKinds } from "../../lib/completion/model.ts";
import { completionValues } from "../../lib/completion/values.ts";

export default class CompletionValues extends BaseCommand<typeof CompletionValues> {
  static override hidden = true;
  static override enableJsonFlag = false;
  static override baseFlags = flagsWithoutJson;
  static override summary = "Print values to complete; the scripts of `completion` call it.";
  static override description =
    "One a line, some with a tab and a few words about them. Nothing, and exit code 0, where they cannot be had at once.";
  static override examples = ["<%= config.bin %> <%= command.id %> pools"];
  static override args = {
    kind: Args.string({ description: "What of.", required: true, options: [...dynamicKinds] }),
  };
  static override flags = {
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const values = await completionValues(this.args.kind as DynamicKind, {
      env: process.env,
      policyFile: this.flags.policy,
      withinMs: 1000,
      now: () => this.clock.now(),
    });
    if (values.length > 0) this.io.out(values.join("\n"));
  }
}
