import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { formatDuration } from "../../lib/cli/durations.ts";
import { type Column, renderTable } from "../../lib/cli/table.ts";
import { openFleet } from "../../lib/operations/fleet-access.ts";
import { type ListedRunner, listRunners, type RunnerState } from "../../lib/operations/list-runners.ts";

const symbols: Record<RunnerState, string> = {
  starting: "◌ starting",
  idle: "○ idle",
  busy: "● busy",
  ending: "◍ ending",
  unregistered: "✗ unregistered",
  "no-sandbox": "✗ no Sandbox",
};

const columns: Column<ListedRunner>[] = [
  { header: "RUNNER", value: (row) => row.runner, shrinks: true },
  {
    header: "STATE",
    value: (row) => row.state,
    short: (row) => symbols[row.state],
    colour: (row, colours) => {
      if (row.state === "busy") return colours.green;
      return row.state === "unregistered" || row.state === "no-sandbox" ? colours.red : colours.yellow;
    },
  },
  { header: "POOL", value: (row) => row.pool },
  { header: "JOB", value: (row) => String(row.job) },
  { header: "REPOSITORY", value: (row) => row.repository ?? "", shrinks: true },
  { header: "AGE", value: (row) => formatDuration(row.ageMs), align: "right" },
  { header: "SANDBOX", value: (row) => row.sandboxId ?? "", shrinks: true },
];

export default class RunnersLs extends BaseCommand<typeof RunnersLs> {
  static override summary = "List the fleet's runners: what each does, for which job, in which Sandbox.";
  static override examples = ["<%= config.bin %> <%= command.id %>", "<%= config.bin %> <%= command.id %> --json"];
  static override flags = {
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
    try {
      const runners = await listRunners(fleet, now());
      this.output(runners, (rows) => renderTable(rows, columns, this.io.stdout));
      if (runners.length === 0 && this.io.stderr.isTTY) this.io.note("The fleet has no runners at the moment.");
    } finally {
      fleet.close();
    }
  }
}
