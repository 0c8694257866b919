import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { findJobs } from "../lib/operations/find-jobs.ts";
import { openFleet } from "../lib/operations/fleet-access.ts";
import { showLogs } from "../lib/operations/show-logs.ts";
import { parseSince } from "../lib/operations/since.ts";
import { describeUnseen, Looking } from "../lib/operations/unseen.ts";

export default class Logs extends BaseCommand<typeof Logs> {
  static override summary = "Print jobs' logs: live while they run, and after their Sandboxes are gone.";
  static override description =
    "Output lines are what the runner shows of a running job, masked by it: without empty lines, and without some where " +
    "more than a thousand come at once. --github prints GitHub's own log, which has all, once the job has ended. Of " +
    "several jobs, or of a whole run, each line begins with its job's name; -f shows a run's later jobs as they come. " +
    "With --json each line is one event, with its job's id: output, step, step-result, job-result, exit, or ended, " +
    "which tells how a Sandbox ended that could not say it itself.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> 61234567890",
    "<%= config.bin %> <%= command.id %> -f https://github.com/acme/app/actions/runs/1/job/2",
    "<%= config.bin %> <%= command.id %> -f https://github.com/acme/app/actions/runs/1",
    "<%= config.bin %> <%= command.id %> 61234567890 --step test --timestamps",
    "<%= config.bin %> <%= command.id %> 61234567890 --github",
  ];
  static override strict = false;
  static override args = {
    job: Args.string({ description: "Job ids, job or run URLs, runner names or Sandbox ids.", required: true }),
  };
  static override flags = {
    follow: Flags.boolean({ char: "f", summary: "Wait for a runner if need be, and stay until the job has ended." }),
    step: Flags.string({
      summary: "Only this step: part of its name, or its number; may be repeated.",
      multiple: true,
      exclusive: ["raw"],
    }),
    since: Flags.string({ summary: "Only what came since then: 5m, or a time.", helpValue: "<time>" }),
    timestamps: Flags.boolean({ char: "t", summary: "Begin each line with its time." }),
    raw: Flags.boolean({ summary: "Everything that the Sandbox printed, as it is.", exclusive: ["timestamps"] }),
    github: Flags.boolean({
      summary: "GitHub's own log of a job that has ended: every line of it, without steps.",
      exclusive: ["follow", "raw", "step"],
    }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const { follow, step: steps, raw: isRaw, github: isGitHubs, timestamps } = this.flags;
    const { argv } = await this.parse(Logs);
    const now = () => this.clock.now();
    const since = this.flags.since === undefined ? undefined : parseSince(this.flags.since, now());
    await this.interruptible(async ({ signal }) => {
      const warn = (text: string) => this.io.note(text);
      // What one of the two services has of a log is shown while the other is down.
      const options = { env: process.env, policyFile: this.flags.policy, toleratesOutages: true };
      const fleet = await openFleet({ ...options, warn, now });
      try {
        const looking = new Looking();
        const found = await findJobs(argv.map(String), fleet, looking);
        for (const line of describeUnseen(looking.unseen)) warn(line);
        const view = { steps, timestamps, isRaw, isGitHubs, isJson: this.jsonEnabled() };
        await showLogs({ fleet, ...found, follow, signal, now, since, io: this.io, ...view });
      } finally {
        fleet.close();
      }
    });
  }
}
