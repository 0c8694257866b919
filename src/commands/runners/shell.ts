import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand, flagsWithoutJson } from "../../lib/cli/base-command.ts";
import { openFleet } from "../../lib/operations/fleet-access.ts";
import { loginShell, shellInto } from "../../lib/operations/runner-shell.ts";

export default class RunnersShell extends BaseCommand<typeof RunnersShell> {
  static override summary = "Open a shell in a live runner, or run one command there.";
  static override description =
    "Runs as root beside the job, in the same Sandbox. The shell ends with the Sandbox. The exit code is the command's. " +
    "It has a terminal where standard input and output are one here; else bytes pass as they are, stderr by itself.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> gpu-h100-1234-1-0abcdm1k45",
    "<%= config.bin %> <%= command.id %> 1234 -- nvidia-smi",
    "<%= config.bin %> <%= command.id %> 1234 -- tar -c -C /home/runner _diag > diag.tar",
    "<%= config.bin %> <%= command.id %> sb-0123456789abcdef -- tail -f /var/log/dockerd.log",
  ];
  // What comes after -- belongs to the command.
  static override strict = false;
  static override enableJsonFlag = false;
  static override baseFlags = flagsWithoutJson;
  static override args = {
    runner: Args.string({ description: "Name of the runner; or its Sandbox's or job's id.", required: true }),
  };
  static override flags = {
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
  };

  async run(): Promise<void> {
    const { argv } = await this.parse(RunnersShell);
    const command = argv.slice(1).map(String);
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
    try {
      const code = await shellInto(this.args.runner, command.length > 0 ? command : loginShell, fleet, this.io, now());
      process.exitCode = code;
    } finally {
      fleet.close();
    }
  }
}
