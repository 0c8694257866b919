import { inspect } from "node:util";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { redact } from "../lib/cli/redact.ts";
import { checkIds, parseCheckIds } from "../lib/doctor/check-ids.ts";
import type { Outcome } from "../lib/doctor/run.ts";
import { parseDurationFlag } from "../lib/operations/duration-flag.ts";

const eraseLine = "\r\u001B[K";

export default class Doctor extends BaseCommand<typeof Doctor> {
  static override summary = "Check every link from a job to its runner, and say how to mend what is broken.";
  static override description =
    "In the order of the chain: this machine, Modal, the controller, GitHub, and the way back. What depends on a link " +
    "that failed is skipped. Nothing is changed; to compare the webhook secrets, GitHub is asked to send its newest " +
    "webhook once more.\n" +
    `The checks: ${checkIds.join(", ")}.\n` +
    "Exit code 0: nothing failed, though there may be warnings; 1: something did; 4: the first that failed is about " +
    "credentials or permissions.\n" +
    "JSON: a list; each has id, title, status (ok, warn, fail, skipped), detail and mend, a list of what to do.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --check webhook-secret",
    "<%= config.bin %> <%= command.id %> --json | jq '.[] | select(.status == \"fail\")'",
  ];
  static override flags = {
    check: Flags.string({
      summary: "This check alone, and what it needs; may be repeated.",
      helpValue: "<name>",
      multiple: true,
    }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    timeout: Flags.string({
      summary: "How long each check may take, instead of its own limit.",
      helpValue: "<duration>",
    }),
  };

  async run(): Promise<void> {
    const { check, policy, timeout } = this.flags;
    const only = check && parseCheckIds(check);
    const limitMs = timeout === undefined ? undefined : parseDurationFlag("timeout", timeout);
    const [{ checks }, { openFacts }, { runChecks }, { outcomeRenderer, renderSummary }] = await Promise.all([
      import("../lib/doctor/checks.ts"),
      import("../lib/doctor/facts/facts.ts"),
      import("../lib/doctor/run.ts"),
      import("../lib/doctor/render.ts"),
    ]);
    const { version } = this.config;
    const facts = openFacts({ env: process.env, policyFile: policy, version, now: () => this.clock.now() });
    const render = outcomeRenderer(checks, this.io.stdout);
    const { isTTY, stream, colours } = this.io.stderr;
    const show = (text: string) => isTTY && stream.write(eraseLine + text);
    const onWait = (title: string) => show(colours.dim(`… ${title}`));
    const onOutcome = (outcome: Outcome) => {
      show("");
      if (!this.jsonEnabled()) this.io.out(render(outcome));
    };
    const onError = (id: string, error: unknown) => {
      if (process.env["DEBUG"]) this.io.note(redact(`${id}: ${inspect(error)}`, facts.secrets()));
    };
    try {
      const { outcomes, exitCode } = await this.interruptible(({ signal }) =>
        runChecks(checks, facts, { only, limitMs, signal, onWait, onOutcome, onError }).finally(() => show("")),
      );
      // People have read each as it came.
      this.output(outcomes, () => "");
      if (!this.jsonEnabled()) this.io.note(`\n${renderSummary(outcomes)}`);
      this.setExitCode(exitCode);
    } finally {
      await facts.close();
    }
  }
}
