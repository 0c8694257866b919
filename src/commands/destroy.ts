import { setTimeout as sleep } from "node:timers/promises";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../lib/cli/base-command.ts";
import { confirmName } from "../lib/cli/confirm-name.ts";
import { ExitCode } from "../lib/cli/exit-codes.ts";
import { untilAborted } from "../lib/cli/interrupt.ts";
import { plainText } from "../lib/cli/text.ts";
import { type DestroyReport, lineOf, renderPlan, renderResult } from "../lib/destroy/render.ts";
import type { BusyMode } from "../lib/destroy/rounds.ts";
import { parseDurationFlag } from "../lib/operations/duration-flag.ts";

export default class Destroy extends BaseCommand<typeof Destroy> {
  static override summary = "Remove a fleet: only what carries its ownership mark, and all of that.";
  static override description =
    "Lists first what would be removed, and what is left alone and why. Removes nothing unless everything could be " +
    "listed. While jobs run it refuses, unless told to wait for them or to kill them. Waits for GitHub's rate limits where " +
    "there are many repositories. Interrupted, or after an error, " +
    "it can be run again and goes on. Caches (Volumes) and the policy file always stay. " +
    "Exit code 1: something is left; 8: jobs were still running when the time was up.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --dry-run",
    "<%= config.bin %> <%= command.id %> --drain --timeout 2h",
    "<%= config.bin %> <%= command.id %> --force --uninstall-app --local --yes",
  ];
  static override flags = {
    "dry-run": Flags.boolean({ summary: "Only list." }),
    drain: Flags.boolean({
      summary: "Stop the controller, and wait until running jobs have ended.",
      exclusive: ["force"],
    }),
    timeout: Flags.string({ summary: "How long --drain waits.", default: "1h", helpValue: "<duration>" }),
    force: Flags.boolean({ summary: "Kill runners that have jobs; the jobs fail." }),
    images: Flags.boolean({ summary: "Remove runner images also where another fleet may use them." }),
    local: Flags.boolean({ summary: "Also remove the stored settings and the private key that `init` kept here." }),
    "modal-only": Flags.boolean({
      summary: "Leave GitHub alone, for when it cannot be reached any more; any runner may have a job then.",
      exclusive: ["uninstall-app"],
    }),
    policy: Flags.string({ summary: "The policy file of the fleet.", helpValue: "<file>" }),
    "uninstall-app": Flags.boolean({ summary: "Also take the GitHub App off the account." }),
    yes: Flags.boolean({ char: "y", summary: "Do not ask." }),
  };

  async run(): Promise<void> {
    const { drain, force, images, local, policy } = this.flags;
    const timeoutMs = parseDurationFlag("timeout", this.flags.timeout);
    const mode: BusyMode = drain ? { kind: "drain", timeoutMs } : { kind: force ? "force" : "keep" };
    const [{ openForDestroy }, { survey }, { destroyFleet, thingsOf }, { busyRunners }, { busyRefusal }, { thingOf }] =
      await Promise.all([
        import("../lib/destroy/open.ts"),
        import("../lib/destroy/survey.ts"),
        import("../lib/destroy/destroy.ts"),
        import("../lib/destroy/runners.ts"),
        import("../lib/destroy/refuse.ts"),
        import("../lib/destroy/things.ts"),
      ]);
    await this.interruptible(async ({ signal, onEnd }) => {
      const opening = openForDestroy({
        ...{ env: process.env, policyFile: policy, images, local, signal },
        modalOnly: this.flags["modal-only"],
        uninstallApp: this.flags["uninstall-app"],
        warn: (text) => this.io.note(plainText(text)),
        now: () => this.clock.now(),
        sleep: (ms, ended) => sleep(ms, undefined, { signal: ended }),
      });
      const access = await untilAborted(signal, opening);
      onEnd(() => access.close());
      const { fleet } = access.policy;
      const isCertain = access.github !== undefined;
      const render = (report: DestroyReport) => renderPlan(report, isCertain);
      const seen = await untilAborted(signal, survey(access));
      const found = thingsOf(seen, access).map(thingOf);
      const busy = busyRunners(seen.runners.sandboxes);
      const plan: DestroyReport = { fleet, isPreview: true, found, removed: [], left: [], kept: seen.kept, busy };
      if (this.flags["dry-run"]) return this.output(plan, render);
      if (found.length === 0) return this.output({ ...plan, isPreview: false }, render);
      this.io.note(render(plan));
      if (busy.length > 0 && mode.kind === "keep") throw await busyRefusal(access, busy);
      await confirmName(this.io, "destroy the fleet", fleet, this.flags.yes === true, signal);
      const result = await destroyFleet(access, seen, mode, {
        onRemoved: (thing) => this.io.note(`Removed ${thing.kind} ${lineOf(thing)}`),
        onWait: (jobs) =>
          this.io.note(`Waiting for jobs to end: ${jobs.map(({ job, runner }) => job || runner).join(", ")}`),
      });
      this.output<DestroyReport>({ ...result, isPreview: false, found }, renderResult);
      if (result.left.length > 0) this.setExitCode(ExitCode.Failure);
      else if (result.busy.length > 0) this.setExitCode(ExitCode.Pending);
    });
  }
}
