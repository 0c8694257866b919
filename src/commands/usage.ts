import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { openFleet } from "../lib/operations/fleet-access.ts";
import { renderUsage, usageCsv } from "../lib/operations/render-usage.ts";
import { parseSince } from "../lib/operations/since.ts";
import { readUsage, type UsageKey, usageKeys } from "../lib/operations/usage.ts";

export default class UsageCommand extends BaseCommand<typeof UsageCommand> {
  static override summary = "Show what the fleet used: runner and GPU minutes, and the cost by estimate.";
  static override description =
    "Added up from the fleet's Sandboxes. Costs are estimates, from Modal's list prices or the policy's; beside them " +
    "stands what the same minutes cost on the smallest GitHub-hosted runners that have as much.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --since 7d --by workflow",
    "<%= config.bin %> <%= command.id %> --since 2026-01-01 --csv > usage.csv",
  ];
  static override flags = {
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    since: Flags.string({ summary: "From when on: 24h, 7d, today, or a date.", default: "24h", helpValue: "<time>" }),
    by: Flags.string({ summary: "What to add up by.", options: [...usageKeys], default: "repo" }),
    csv: Flags.boolean({ summary: "Print comma-separated values.", exclusive: ["json"] }),
  };

  async run(): Promise<void> {
    const now = () => this.clock.now();
    const since = parseSince(this.flags.since, now());
    const warn = (text: string) => this.io.note(text);
    const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
    try {
      const usage = await readUsage(fleet, { since, by: this.flags.by as UsageKey, now: now() });
      if (this.flags.csv) this.io.out(usageCsv(usage));
      else this.output(usage, (result) => renderUsage(result, this.io.stdout));
      if (this.jsonEnabled() || this.flags.csv) return;
      this.io.note(
        usage.rows.length === 0
          ? "No runner ran in that time."
          : `Estimates: Modal's list prices of ${usage.pricesDate}, GitHub's of ${usage.hostedPricesDate}.`,
      );
      if (usage.withoutPrice.length > 0) {
        const pools = usage.withoutPrice.join(", ");
        this.io.note(`Without the cost of runners of ${pools}: the policy has no such pool any more.`);
      }
    } finally {
      fleet.close();
    }
  }
}
