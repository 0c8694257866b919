import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { confirm } from "../../lib/cli/confirm.ts";
import { ExitCode } from "../../lib/cli/exit-codes.ts";
import { openFleet } from "../../lib/operations/fleet-access.ts";
import { reconcileFleet } from "../../lib/operations/reconcile-fleet.ts";
import { renderReconciled } from "../../lib/operations/render-reconciled.ts";

export default class RunnersPrune extends BaseCommand<typeof RunnersPrune> {
  static override summary = "Remove Sandboxes without a runner, and registrations without a Sandbox.";
  static override description =
    "Does of what `reconcile` does only that which removes; starts nothing. Never touches a runner that is busy. " +
    "The controller does the same every minute.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --dry-run",
    "<%= config.bin %> <%= command.id %> --yes",
  ];
  static override flags = {
    "dry-run": Flags.boolean({ summary: "Only say what would be removed, and why." }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    yes: Flags.boolean({ char: "y", summary: "Do not ask." }),
  };

  async run(): Promise<void> {
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
    try {
      const found = await reconcileFleet(fleet, { isPreview: true, onlyRemove: true, now });
      const isDone = this.flags["dry-run"] || found.length === 0;
      if (!isDone && !this.flags.yes) this.io.note(renderReconciled(found, this.io.stderr));
      const isAgreed = !isDone && (await confirm(this.io, `Remove ${found.length}?`, this.flags.yes === true));
      const items = isAgreed
        ? await reconcileFleet(fleet, { isPreview: false, onlyRemove: true, now })
        : this.flags["dry-run"]
          ? found
          : [];
      this.output(items, (rows) => renderReconciled(rows, this.io.stdout));
      if (found.length === 0 && this.io.stderr.isTTY) this.io.note("Nothing is left over.");
      if (items.some(({ done }) => done === false)) this.setExitCode(ExitCode.Pending);
    } finally {
      fleet.close();
    }
  }
}
