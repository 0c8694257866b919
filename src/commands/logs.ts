import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { findJob } from "../lib/operations/find-job.ts";
import { openFleet } from "../lib/operations/fleet-access.ts";
import { readJobLog } from "../lib/operations/job-log.ts";
import { renderLogEvent } from "../lib/operations/render-log.ts";

export default class Logs extends BaseCommand<typeof Logs> {
  static override summary = "Print a job's log: live while it runs, and after its Sandbox is gone.";
  static override description =
    "Output lines are those that GitHub's own log has, with secrets masked by the runner. " +
    "With --json each line is one event: output, step, step-result, job-result, exit.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> 61234567890",
    "<%= config.bin %> <%= command.id %> -f https://github.com/acme/app/actions/runs/1/job/2",
  ];
  static override args = {
    job: Args.string({ description: "Job id, job or run URL, runner name or Sandbox id.", required: true }),
  };
  static override flags = {
    follow: Flags.boolean({ char: "f", summary: "Wait for a runner if need be, and stay until the job has ended." }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    await this.interruptible(async ({ signal }) => {
      const now = () => this.clock.now();
      const warn = (text: string) => this.io.note(text);
      const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
      try {
        const job = await findJob(this.args.job, fleet);
        const onWaiting = () => this.io.note(`Job ${job.id} (${job.name}) waits for a runner ...`);
        const log = readJobLog({ fleet, job, follow: this.flags.follow, signal, now, onWaiting });
        const { colours } = this.io.stdout;
        for await (const event of log) {
          if (this.jsonEnabled()) this.outputLine(event, () => "");
          else {
            const line = renderLogEvent(event, colours);
            if (line !== undefined) this.io.out(line);
          }
        }
      } finally {
        fleet.close();
      }
    });
  }
}
