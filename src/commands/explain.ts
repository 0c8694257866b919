import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { ExitCode } from "../lib/cli/exit-codes.ts";
import { explainJob } from "../lib/operations/explain/explain-job.ts";
import { renderExplanation } from "../lib/operations/explain/render.ts";
import { openFleet } from "../lib/operations/fleet-access.ts";

export default class Explain extends BaseCommand<typeof Explain> {
  static override summary = "Tell why a job has, or has not, a runner: what happened, what will happen, what to do.";
  static override description =
    "Puts together what GitHub, its log of webhook deliveries, the controller's answers, Modal and the policy say of " +
    "the job, and what would be decided about it now. Works for any job: queued, running, finished, or of other runners.\n" +
    "Exit code 1: a part could not be read, and the output says which.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> 61234567890",
    "<%= config.bin %> <%= command.id %> https://github.com/acme/app/actions/runs/1/job/2",
    "<%= config.bin %> <%= command.id %> 61234567890 --json | jq -r .decision.reason",
  ];
  static override args = {
    job: Args.string({ description: "Job id, job or run URL, runner name or Sandbox id.", required: true }),
  };
  static override flags = {
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const options = { env: process.env, policyFile: this.flags.policy, warn, now, toleratesOutages: true };
    const fleet = await openFleet(options);
    try {
      const told = await explainJob(this.args.job, fleet, { now });
      this.output(told, (result) => renderExplanation(result, fleet.policyFile, this.io.stdout));
      if (told.unseen.length > 0) this.setExitCode(ExitCode.Failure);
    } finally {
      fleet.close();
    }
  }
}
