import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { ExitCode } from "../../lib/cli/exit-codes.ts";
import { explainError } from "../../lib/cli/explain-error.ts";
import { watch } from "../../lib/cli/watch.ts";
import { parseDurationFlag } from "../../lib/operations/duration-flag.ts";
import { openFleet } from "../../lib/operations/fleet-access.ts";
import { type JobList, type JobState, jobStates, listJobs } from "../../lib/operations/list-jobs.ts";
import { renderJobs } from "../../lib/operations/render-jobs.ts";
import { describeUnseen } from "../../lib/operations/unseen.ts";

export default class JobsLs extends BaseCommand<typeof JobsLs> {
  static override summary = "List queued, running and finished jobs, each with why it has, or has no, runner.";
  static override description =
    "Jobs on the fleet's labels in every repository that may use it, those that wait longest first; and jobs that no " +
    "pool serves though they ask for a self-hosted runner, or for a label much like one of a pool's. The decision is " +
    "what the controller would decide at this moment.\n" +
    "Exit code 1: a part could not be read; stderr says which, and the rest is listed.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --state queued --repo acme/app",
    "<%= config.bin %> <%= command.id %> --watch",
    "<%= config.bin %> <%= command.id %> --json | jq -r '.[] | select(.state == \"queued\") | .detail'",
  ];
  static override flags = {
    all: Flags.boolean({ summary: "Also jobs of other runners, and of repositories that may not use the fleet." }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    pool: Flags.string({ summary: "Only jobs that this pool serves; may be repeated.", multiple: true }),
    repo: Flags.string({ summary: "Only jobs of this repository; may be repeated.", multiple: true }),
    since: Flags.string({ summary: "How far back to list finished jobs.", default: "15m", helpValue: "<duration>" }),
    state: Flags.string({
      summary: "Only jobs in this state; may be repeated.",
      multiple: true,
      options: [...jobStates],
    }),
    watch: Flags.boolean({ char: "w", summary: "Look again every five seconds until interrupted." }),
  };

  async run(): Promise<void> {
    const { all: isAll, pool: pools, repo: repositories, state } = this.flags;
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const lately = parseDurationFlag("since", this.flags.since);
    const states = state as JobState[] | undefined;
    const fleet = await openFleet({
      env: process.env,
      policyFile: this.flags.policy,
      warn,
      now,
      toleratesOutages: true,
    });
    const filter = { ...(pools && { pools }), ...(repositories && { repositories }), ...(states && { states }) };
    const list = () => listJobs(fleet, { ...filter, isAll, now, finishedSince: now() - lately });
    try {
      if (!this.flags.watch) return this.#print(await list());
      const look = async () => {
        const { jobs, unseen } = await list();
        if (this.jsonEnabled()) return JSON.stringify(jobs);
        const table = renderJobs(jobs, this.io.stdout) || this.#nothing();
        return [...describeUnseen(unseen), table].join("\n");
      };
      const onError = (error: unknown) => {
        if (this.jsonEnabled()) throw error;
        return explainError(error).message;
      };
      await this.interruptible(({ signal }) => watch({ io: this.io, everyMs: 5000, signal, look, onError }));
    } finally {
      fleet.close();
    }
  }

  #print({ jobs, unseen }: JobList): void {
    this.output(jobs, (rows) => renderJobs(rows, this.io.stdout));
    if (jobs.length === 0 && this.io.stderr.isTTY) this.io.note(this.#nothing());
    for (const line of describeUnseen(unseen)) this.io.note(line);
    if (unseen.length > 0) this.setExitCode(ExitCode.Failure);
  }

  #nothing(): string {
    const { pool, repo, state } = this.flags;
    return pool || repo || state ? "No job is like that." : "No job is queued, running or lately finished.";
  }
}
