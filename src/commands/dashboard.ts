import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { AbortError } from "../lib/cli/errors.ts";
import { ExitCode } from "../lib/cli/exit-codes.ts";
import { parseDurationFlag } from "../lib/operations/duration-flag.ts";

/** GitHub's limits are the controller's, too: nobody needs to know a fleet more often than that. */
const leastRefreshMs = 1000;

export default class Dashboard extends BaseCommand<typeof Dashboard> {
  static override summary = "Show the fleet on one screen, and operate it by key.";
  static override description =
    "Runners, jobs with the decision about each, deliveries and usage; live logs; and keys to end a runner, open a shell " +
    "in one, give a job a runner, send a delivery once more. Press ? for all of them. What destroys asks first.\n" +
    "Takes a terminal: elsewhere it prints the runners as `runners ls` does.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --read-only --refresh 10s",
  ];
  static override enableJsonFlag = false;
  static override flags = {
    json: Flags.boolean({ hidden: true }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    "read-only": Flags.boolean({ summary: "Leave out every key that changes the fleet or opens a shell." }),
    refresh: Flags.string({ summary: "How often to look.", default: "5s", helpValue: "<duration>" }),
  };

  async run(): Promise<void> {
    if (this.flags.json) throw noJson();
    const refreshMs = Math.max(leastRefreshMs, parseDurationFlag("refresh", this.flags.refresh));
    const now = () => this.clock.now();
    const { stdin, stdout } = this.io;
    if (stdin.isTTY !== true || !stdout.isTTY || process.env.TERM === "dumb") return this.#printList();
    await this.interruptible(async ({ signal, onEnd }) => {
      const warn = (text: string) => this.io.note(text);
      const { openDashboard } = await import("../lib/dashboard/fleet-source.ts");
      const source = await openDashboard({
        env: process.env,
        policyFile: this.flags.policy,
        warn,
        now,
        colours: stdout.colours,
      });
      onEnd(source.close);
      const { runDashboard } = await import("../ui/dashboard/run.tsx");
      const isReadOnly = this.flags["read-only"] === true;
      await runDashboard({ source, io: this.io, clock: this.clock, isReadOnly, refreshMs, signal });
    });
  }

  async #printList(): Promise<void> {
    this.io.note("The dashboard takes a terminal, and this is none; here is the list of runners.");
    const [{ openFleet }, { listRunners }, { renderRunners }] = await Promise.all([
      import("../lib/operations/fleet-access.ts"),
      import("../lib/operations/list-runners.ts"),
      import("../lib/operations/render-runners.ts"),
    ]);
    const now = () => this.clock.now();
    const warn = (text: string) => this.io.note(text);
    const fleet = await openFleet({ env: process.env, policyFile: this.flags.policy, warn, now });
    try {
      const text = renderRunners(await listRunners(fleet, now()), this.io.stdout);
      if (text !== "") this.io.out(text);
    } finally {
      fleet.close();
    }
  }
}

function noJson(): AbortError {
  return new AbortError("The dashboard is a screen, and has no result to print as JSON.", {
    code: "usage",
    exitCode: ExitCode.Usage,
    nextSteps: ["modal-gha runners ls --json", "modal-gha jobs ls --json", "modal-gha usage --json"],
  });
}
