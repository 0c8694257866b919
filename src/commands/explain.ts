import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { AbortError } from "../lib/cli/errors.ts";
import { ExitCode } from "../lib/cli/exit-codes.ts";
import { explainJob } from "../lib/operations/explain/explain-job.ts";
import { explainLabels } from "../lib/operations/explain/explain-labels.ts";
import { renderExplanation } from "../lib/operations/explain/render.ts";
import { renderLabels } from "../lib/operations/explain/render-labels.ts";
import { type FleetAccess, openFleet } from "../lib/operations/fleet-access.ts";
import { describeUnseen, type Unseen } from "../lib/operations/unseen.ts";

export default class Explain extends BaseCommand<typeof Explain> {
  static override summary = "Tell why a job has, or has not, a runner: what happened, what comes, what to do.";
  static override description =
    "Puts together what GitHub, its log of webhook deliveries, the controller's answers, Modal and the policy say of " +
    "the job, and what would be decided about it now. Works for any job: queued, running, finished, or of other " +
    "runners. With --labels in a job's place, it tells what would become of a job that asks for them.\n" +
    "Exit code 1: a part could not be read, and the output says which.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> 61234567890",
    "<%= config.bin %> <%= command.id %> https://github.com/acme/app/actions/runs/1/job/2",
    "<%= config.bin %> <%= command.id %> 61234567890 --json | jq -r .decision.reason",
    "<%= config.bin %> <%= command.id %> --labels self-hosted,gpu-h100/cpu=16 --repo acme/app",
  ];
  static override args = {
    job: Args.string({ description: "Job id, job or run URL, runner name or Sandbox id." }),
  };
  static override flags = {
    fork: Flags.boolean({ summary: "With --labels: as of a pull request from a fork.", dependsOn: ["labels"] }),
    labels: Flags.string({
      summary: "No job there is, but one that runs on these; separated by commas.",
      helpValue: "<label,...>",
      dependsOn: ["repo"],
    }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    repo: Flags.string({
      summary: "With --labels: the repository, owner/name or its name alone.",
      dependsOn: ["labels"],
    }),
  };

  async run(): Promise<void> {
    const { job } = this.args;
    const { labels } = this.flags;
    if ((job === undefined) === (labels === undefined)) {
      throw new AbortError("Say which job, or which --labels.", {
        code: "usage",
        exitCode: ExitCode.Usage,
        nextSteps: ["modal-gha explain <job>", "modal-gha explain --labels <label,...> --repo <owner/name>"],
      });
    }
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const options = { env: process.env, policyFile: this.flags.policy, warn, now, toleratesOutages: true };
    const fleet = await openFleet(options);
    try {
      const unseen = await (job === undefined
        ? this.#explainLabels(labels ?? "", fleet)
        : this.#explainJob(job, fleet));
      if (unseen.length > 0) this.setExitCode(ExitCode.Failure);
    } finally {
      fleet.close();
    }
  }

  async #explainJob(job: string, fleet: FleetAccess): Promise<Unseen[]> {
    const told = await explainJob(job, fleet, { now: () => this.clock.now() });
    this.output(told, (result) => renderExplanation(result, fleet.policyFile, this.io.stdout));
    return told.unseen;
  }

  async #explainLabels(text: string, fleet: FleetAccess): Promise<Unseen[]> {
    const labels = text.split(",").map((label) => label.trim());
    const { repo = "" } = this.flags;
    // A flag that is not given is not there at all.
    const isForkPullRequest = this.flags.fork === true;
    const repository = repo.includes("/") ? repo : `${fleet.policy.github.owner}/${repo}`;
    const asked = { labels: labels.filter((label) => label !== ""), repository, isForkPullRequest };
    const told = await explainLabels(asked, fleet, { now: () => this.clock.now() });
    this.output(told, (result) => renderLabels(result, fleet.policyFile, this.io.stdout));
    if (!this.jsonEnabled()) for (const line of describeUnseen(told.unseen)) this.io.note(line);
    return told.unseen;
  }
}
