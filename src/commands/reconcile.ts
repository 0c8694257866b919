import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { ExitCode } from "../lib/cli/exit-codes.ts";
import { openFleet } from "../lib/operations/fleet-access.ts";
import { reconcileFleet } from "../lib/operations/reconcile-fleet.ts";
import { renderReconciled } from "../lib/operations/render-reconciled.ts";

export default class Reconcile extends BaseCommand<typeof Reconcile> {
  static override summary = "Look at the whole fleet now and mend what is not as it should be.";
  static override description =
    "What the controller does every minute: jobs without a runner, Sandboxes without a registration, registrations " +
    "without a Sandbox, runners that nobody needs, deliveries that failed. Exit code 8: something is put off.";
  static override examples = ["<%= config.bin %> <%= command.id %> --dry-run", "<%= config.bin %> <%= command.id %>"];
  static override flags = {
    "dry-run": Flags.boolean({ summary: "Only say what would be done, and why." }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
    try {
      const items = await reconcileFleet(fleet, { isPreview: this.flags["dry-run"], now });
      this.output(items, (rows) => renderReconciled(rows, this.io.stdout));
      if (items.length === 0 && this.io.stderr.isTTY) this.io.note("Everything is as it should be.");
      const isPutOff = items.some((item) => item.done === false || item.reason.startsWith("defer:"));
      if (isPutOff && !this.flags["dry-run"]) this.setExitCode(ExitCode.Pending);
    } finally {
      fleet.close();
    }
  }
}
