import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../lib/cli/base-command.ts";
import { confirm } from "../../lib/cli/confirm.ts";
import { formatDuration } from "../../lib/cli/durations.ts";
import { AbortError } from "../../lib/cli/errors.ts";
import { ExitCode } from "../../lib/cli/exit-codes.ts";
import { openFleet } from "../../lib/operations/fleet-access.ts";
import {
  type KilledRunner,
  type KillResult,
  killRunners,
  selectRunners,
  type Target,
} from "../../lib/operations/kill-runners.ts";
import { parseDuration } from "../../lib/policy/units.ts";

const words: Record<KillResult, string> = {
  deregistered: "ended; it had no job",
  interrupted: "ended; its job was interrupted",
  killed: "killed; its job fails",
  kept: "kept: a job came to it just now; name it to hit that job too",
  failed: "failed",
};

export default class RunnersKill extends BaseCommand<typeof RunnersKill> {
  static override summary = "End runners: idle ones at once, busy ones by interrupting their jobs first.";
  static override description =
    "Shows which jobs are hit, and asks. A runner that is interrupted stops its job and tells GitHub at once, without " +
    "touching the other jobs of the run; what has not ended after the grace is killed.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> cpu-1234-1-0abcdm1k45",
    "<%= config.bin %> <%= command.id %> --idle",
    "<%= config.bin %> <%= command.id %> --repo acme/app --grace 2m --yes",
    "<%= config.bin %> <%= command.id %> --pool gpu-h100 --force --yes",
  ];
  static override strict = false;
  static override args = {
    runner: Args.string({ description: "Names of runners; or their Sandboxes' or jobs' ids or addresses." }),
  };
  static override flags = {
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    idle: Flags.boolean({ summary: "Every idle runner." }),
    pool: Flags.string({ summary: "Every runner of this pool; may be repeated.", multiple: true }),
    repo: Flags.string({ summary: "Every runner of this repository; may be repeated.", multiple: true }),
    grace: Flags.string({
      summary: "How long an interrupted job has to end.",
      default: "30s",
      helpValue: "<duration>",
    }),
    force: Flags.boolean({ summary: "Kill at once; the same as --grace 0s." }),
    "dry-run": Flags.boolean({ summary: "Only show what would be ended." }),
    yes: Flags.boolean({ char: "y", summary: "Do not ask." }),
  };

  async run(): Promise<void> {
    const { idle, pool, repo } = this.flags;
    const references = this.argv.length > 0 ? (await this.parse(RunnersKill)).argv.map(String) : [];
    if (references.length === 0 && !idle && !pool && !repo) {
      throw new AbortError("Nothing says which runners are meant.", {
        code: "usage",
        exitCode: ExitCode.Usage,
        nextSteps: ["Name runners, or give --idle, --pool or --repo.", "modal-gha runners ls"],
      });
    }
    const graceMs = this.flags.force ? 0 : milliseconds(this.flags.grace);
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
    try {
      const states = idle ? { states: ["idle"] } : {};
      const filter = { ...states, ...(pool && { pools: pool }), ...(repo && { repositories: repo }) };
      const targets = await selectRunners(fleet, { references, ...filter }, now());
      if (targets.length === 0) this.io.note("No runner is like that.");
      if (this.flags["dry-run"]) return this.output(targets, (rows) => rows.map(describe).join("\n"));
      if (targets.length > 0) this.io.note(targets.map(describe).join("\n"));
      const isAgreed = targets.length > 0 && (await confirm(this.io, question(targets), this.flags.yes === true));
      const killed = isAgreed ? await killRunners(targets, fleet, graceMs) : [];
      this.output(killed, (rows) => rows.map(render).join("\n"));
      if (killed.some(({ result }) => result === "kept" || result === "failed")) this.setExitCode(ExitCode.Failure);
    } finally {
      fleet.close();
    }
  }
}

function milliseconds(text: string): number {
  const seconds = text === "0" ? 0 : parseDuration(text);
  if (seconds !== undefined) return seconds * 1000;
  throw new AbortError(`--grace ${text} is no duration.`, {
    code: "usage",
    exitCode: ExitCode.Usage,
    nextSteps: ["Write it like 30s or 2m."],
  });
}

function describe(target: Target): string {
  return `${target.runner}: ${target.state} for ${formatDuration(target.ageMs)}${describeJob(target)}`;
}

function describeJob({ state, job, jobName, repository }: Target): string {
  if (state !== "busy") return "";
  if (jobName === null) return ", runs a job that GitHub does not show yet";
  return `, runs job ${job} (${jobName}) of ${repository}`;
}

function question(targets: readonly Target[]): string {
  const count = targets.length === 1 ? "1 runner" : `${targets.length} runners`;
  const busy = targets.filter(({ state }) => state === "busy").length;
  return busy === 0
    ? `End ${count}?`
    : `End ${count}, and the ${busy === 1 ? "job" : `${busy} jobs`} on ${busy === 1 ? "it" : "them"}?`;
}

function render({ runner, result, detail }: KilledRunner): string {
  return `${runner}\t${words[result]}${detail === null ? "" : `: ${detail}`}`;
}
