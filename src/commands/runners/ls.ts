import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { explainError } from "../../lib/cli/explain-error.ts";
import { watch } from "../../lib/cli/watch.ts";
import { openFleet } from "../../lib/operations/fleet-access.ts";
import { isWanted, type ListedRunner, listRunners, runnerStates } from "../../lib/operations/list-runners.ts";
import { renderRunners } from "../../lib/operations/render-runners.ts";

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
    const render = (runners: ListedRunner[]) => renderRunners(runners, this.io.stdout);
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
      if (runners.length > 0) return;
      const known = fleet.policy.pools.map(({ name }) => name);
      const unknown = pools?.filter((pool) => !known.includes(pool)) ?? [];
      // A word that was mistyped must not look like a pool without runners, not even to a script's author.
      if (unknown.length > 0) warn(`The policy has no pool ${unknown.join(", ")}; it has ${known.join(", ")}.`);
      else if (this.io.stderr.isTTY) warn(this.#nothing());
    } finally {
      fleet.close();
    }
  }

  #nothing(): string {
    const { pool, repo, state } = this.flags;
    return pool || repo || state ? "No runner is like that." : "The fleet has no runners at the moment.";
  }
}
