import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { ExitCode } from "../lib/cli/exit-codes.ts";
import { openFleet } from "../lib/operations/fleet-access.ts";
import { type SpawnedJob, spawnJob } from "../lib/operations/spawn-job.ts";

export default class Spawn extends BaseCommand<typeof Spawn> {
  static override summary = "Give one queued job a runner now, as a webhook for it would.";
  static override description =
    "The policy decides as always: its pools, repositories and limits hold; with --force the limits do not. " +
    "Exit code 0: the job has a runner; 1: it gets none, and the reason says why; 8: it is put off.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --job 61234567890",
    "<%= config.bin %> <%= command.id %> --job https://github.com/acme/app/actions/runs/1/job/2 --force",
  ];
  static override flags = {
    force: Flags.boolean({
      summary: "Over the limits of fleet, pool and repository, and over the budget; never over who may use the fleet.",
    }),
    job: Flags.string({
      summary: "Job id, job or run URL, runner name or Sandbox id.",
      helpValue: "<job>",
      required: true,
    }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
    try {
      const spawned = await spawnJob(this.flags.job, fleet, { isForced: this.flags.force, now });
      this.output(spawned, render);
      const next = nextStep(spawned);
      if (next) this.io.note(`Next: ${next}`);
      if (spawned.isProvided) return;
      this.setExitCode(spawned.reason.startsWith("defer:") ? ExitCode.Pending : ExitCode.Failure);
    } finally {
      fleet.close();
    }
  }
}

function nextStep({ job, reason, isProvided }: SpawnedJob): string | undefined {
  if (isProvided) return reason === "spawn" ? `modal-gha logs -f ${job}` : undefined;
  const isLimit = reason.endsWith("-at-capacity") || reason === "defer:daily-budget-spent";
  return isLimit ? `modal-gha spawn --job ${job} --force   # over the limit, this once` : `modal-gha explain ${job}`;
}

function render({ reason, detail, runner, sandboxId, overLimit }: SpawnedJob): string {
  const over = overLimit ? `\nover     ${overLimit}` : "";
  const where = runner ? `\nrunner   ${runner}\nSandbox  ${sandboxId ?? ""}` : "";
  return `${reason}: ${detail}${where}${over}`;
}
