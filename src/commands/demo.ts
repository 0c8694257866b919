import * as Flags from "@oclif/core/flags";
import { BaseCommand, plainFlags } from "../lib/cli/base-command.ts";
import { AbortError } from "../lib/cli/errors.ts";
import { ExitCode } from "../lib/cli/exit-codes.ts";
import { repositoryIn, sampleRepository } from "../lib/rehearsal/repository-directory.ts";

export default class Demo extends BaseCommand<typeof Demo> {
  static override summary = "Watch workflow jobs run through a whole fleet on this machine.";
  static override description =
    "GitHub and Modal are emulated on loopback; the controller, the policy and the inside of the runner image are the " +
    "real ones. Exit code 0 only if every job ended well, each on a runner of its own, and nothing is left.";
  static override baseFlags = plainFlags;
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --fail",
    "<%= config.bin %> <%= command.id %> --workflow ~/src/app",
  ];
  static override flags = {
    fail: Flags.boolean({ summary: "Let a step of the sample's last job fail.", exclusive: ["workflow"] }),
    workflow: Flags.string({
      summary: "Folder of a repository whose workflow files to run, in place of the sample's. They run as you.",
      helpValue: "<dir>",
    }),
    policy: Flags.string({ summary: "A policy file, in place of the demo's own.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const repository = this.flags.workflow ? repositoryIn(this.flags.workflow) : sampleRepository();
    const isJson = this.jsonEnabled();
    const side = isJson ? this.io.stderr : this.io.stdout;
    const say = (line: string) => (isJson ? this.io.note(line) : this.io.out(line));
    await this.interruptible(async ({ signal, onEnd }) => {
      const [{ faultsOf, runDemo }, { createNarrator, renderDemoJobs }] = await Promise.all([
        import("../lib/rehearsal/demo.ts"),
        import("../lib/rehearsal/demo-narrator.ts"),
      ]);
      const narrator = createNarrator(say, side.colours);
      const summary = await runDemo({
        repository,
        policyFile: this.flags.policy,
        inputs: this.flags.workflow ? {} : { fail: this.flags.fail },
        signal,
        onEnd,
        narrator,
      });
      const { bold, red, green } = side.colours;
      say("");
      for (const { job, step, output } of narrator.failedSteps()) {
        say(red(`${job}: step "${step}" failed`));
        for (const line of output) say(`  ${line}`);
        say("");
      }
      say(renderDemoJobs(summary.jobs, side));
      const faults = faultsOf(summary);
      const { sandboxesLeft, registrationsLeft, processesLeft } = summary;
      say(`\nleft: ${sandboxesLeft} Sandboxes, ${registrationsLeft} registrations, ${processesLeft} processes`);
      say(faults.length === 0 ? green(bold("All is well.")) : red(bold(faults.join("; "))));
      this.output(summary, () => "");
      if (faults.length > 0) this.setExitCode(ExitCode.Failure);
      if (summary.jobs.length === 0) throw new AbortError("No job ran.", { code: "nothing-to-run" });
    });
  }
}
