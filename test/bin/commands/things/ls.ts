// A command for the tests of bin/run.js: prints what it is told, fails as it is told, or waits to be interrupted.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../../../src/lib/cli/base-command.ts";
import { AbortError } from "../../../../src/lib/cli/errors.ts";
import { ExitCode } from "../../../../src/lib/cli/exit-codes.ts";

export class ThingsLs extends BaseCommand<typeof ThingsLs> {
  static override summary = "Lists things.";
  static override args = { name: Args.string({ required: true, description: "name of a thing" }) };
  static override flags = {
    count: Flags.integer({ default: 1, min: 1 }),
    secret: Flags.string(),
    fail: Flags.string({ options: ["abort", "bug", "later"] }),
    pending: Flags.boolean(),
    wait: Flags.boolean(),
    endless: Flags.boolean(),
  };

  async run(): Promise<void> {
    const { name } = this.args;
    const { count, endless, fail, pending, wait } = this.flags;
    if (fail === "abort") {
      const options = { why: "It is gone.", nextSteps: ["modal-gha things ls"], exitCode: ExitCode.Authentication };
      throw new AbortError(`No ${name}.`, options);
    }
    if (fail === "bug") throw new TypeError(`ghp_${"x".repeat(36)} is not a function`);
    if (fail === "later") {
      setImmediate(() => {
        throw new TypeError("nobody awaited this");
      });
      await this.clock.sleep(60_000);
    }
    if (wait) {
      await this.interruptible(async ({ signal, onEnd }) => {
        onEnd(async () => {
          await this.clock.sleep(1);
          this.io.note("cleaned up");
        });
        for (;;) {
          this.outputLine({ name }, () => name);
          await this.clock.sleep(5, signal);
        }
      });
    }
    while (endless) {
      this.outputLine({ name }, () => name);
      await this.clock.sleep(1);
    }
    this.io.note("looking for things");
    this.output(Array(count).fill(name), (names) => names.join("\n"));
    if (pending) this.setExitCode(ExitCode.Pending);
  }
}
