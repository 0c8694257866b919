import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { formatDuration } from "../../lib/cli/durations.ts";
import { explainError } from "../../lib/cli/explain-error.ts";
import { formatDollars, formatResources } from "../../lib/cli/numbers.ts";
import { type Column, renderTable } from "../../lib/cli/table.ts";
import { watch } from "../../lib/cli/watch.ts";
import { openFleet } from "../../lib/operations/fleet-access.ts";
import {
  isWanted,
  type ListedRunner,
  listRunners,
  type RunnerState,
  runnerStates,
} from "../../lib/operations/list-runners.ts";

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
  { header: "POOL", value: (row) => row.pool, shrinks: true },
  { header: "JOB", value: (row) => (row.job === 0 ? "-" : String(row.job)) },
  { header: "REPOSITORY", value: (row) => row.repository ?? "", shrinks: true },
  { header: "RESOURCES", value: (row) => (row.resources ? formatResources(row.resources) : ""), shrinks: true },
  { header: "AGE", value: (row) => formatDuration(row.ageMs), align: "right" },
  { header: "IDLE", value: (row) => (row.idleMs === null ? "" : formatDuration(row.idleMs)), align: "right" },
  { header: "COST", value: (row) => (row.dollars === null ? "" : formatDollars(row.dollars)), align: "right" },
  { header: "SANDBOX", value: (row) => row.sandboxId ?? "", shrinks: true },
];

export default class RunnersLs extends BaseCommand<typeof RunnersLs> {
  static override summary = "List the fleet's runners: what each does, for which job, at what cost.";
  static override description =
    "Takes one list call a page at Modal and at GitHub, however many runners there are. Costs are estimates.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --state busy --pool gpu-h100",
    "<%= config.bin %> <%= command.id %> --watch",
    "<%= config.bin %> <%= command.id %> --json | jq '.[].runner'",
  ];
  static override flags = {
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    pool: Flags.string({ summary: "Only runners of this pool; may be repeated.", multiple: true }),
    repo: Flags.string({ summary: "Only runners of this repository; may be repeated.", multiple: true }),
    state: Flags.string({
      summary: "Only runners in this state; may be repeated.",
      multiple: true,
      options: [...runnerStates],
    }),
    watch: Flags.boolean({ char: "w", summary: "Look again every two seconds until interrupted." }),
  };

  async run(): Promise<void> {
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const { pool: pools, repo: repositories, state: states } = this.flags;
    const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
    const list = async () =>
      (await listRunners(fleet, now())).filter((runner) =>
        isWanted(runner, {
          ...(pools && { pools }),
          ...(repositories && { repositories }),
          ...(states && { states }),
        }),
      );
    const render = (runners: ListedRunner[]) => renderTable(runners, columns, this.io.stdout);
    try {
      if (this.flags.watch) {
        const look = async () => {
          const runners = await list();
          return this.jsonEnabled() ? JSON.stringify(runners) : render(runners) || this.#nothing();
        };
        const onError = (error: unknown) => {
          if (this.jsonEnabled()) throw error;
          return explainError(error).message;
        };
        await this.interruptible(({ signal }) => watch({ io: this.io, everyMs: 2000, signal, look, onError }));
        return;
      }
      const runners = await list();
      this.output(runners, render);
      if (runners.length === 0 && this.io.stderr.isTTY) this.io.note(this.#nothing());
    } finally {
      fleet.close();
    }
  }

  #nothing(): string {
    const { pool, repo, state } = this.flags;
    return pool || repo || state ? "No runner is like that." : "The fleet has no runners at the moment.";
  }
}
