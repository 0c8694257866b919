// What every command shares: --json, --fleet and --no-color, parsed flags, the streams, and errors left to the one place that
// reports them (report-error.ts). A command turns flags into the options of a function in lib/ and prints its result.
import { Command } from "@oclif/core/command";
import * as Flags from "@oclif/core/flags";
import type * as Interfaces from "@oclif/core/interfaces";
import { type Clock, systemClock } from "./clock.ts";
import { AbortError } from "./errors.ts";
import type { ExitCode } from "./exit-codes.ts";
import { usage } from "./explain-error.ts";
import { type Interruption, withInterruption } from "./interrupt.ts";
import { type IOStreams, processStreams } from "./streams.ts";
import { noSuchFlags } from "./suggest.ts";

const json = Flags.boolean({
  summary: "Print the result or the error as JSON; schemas/ in the package has its shape.",
  helpGroup: "GLOBAL",
});

const noColour = Flags.boolean({
  summary: "Print without colour. NO_COLOR in the environment does the same.",
  helpGroup: "GLOBAL",
});

/** The flags of commands that are about no fleet that the settings know: `static override baseFlags = plainFlags`. */
export const plainFlags = { json, "no-color": noColour };

/** --fleet is read wherever settings are: it goes before the variable of the same meaning, and is handed on as that. */
export const fleetVariable = "MODAL_GHA_FLEET_PROFILE";

/** The flags of commands that print no result of their own, and so have no --json. */
export const flagsWithoutJson = {
  fleet: Flags.string({
    summary: "Which fleet, of those that have settings of their own.",
    helpValue: "<name>",
    helpGroup: "GLOBAL",
  }),
  "no-color": noColour,
};

const fleetFlags = { ...flagsWithoutJson, ...plainFlags };

export type CommandFlags<T extends typeof Command> = Interfaces.InferredFlags<typeof fleetFlags & T["flags"]>;
export type CommandArgs<T extends typeof Command> = Interfaces.InferredArgs<T["args"]>;

/** Whether a command line asks for JSON; also known where no command could be found or loaded. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? undefined : end).includes("--json");
}

/** @typeParam T the command's own class, for the types of `flags` and `args`: `class Ls extends BaseCommand<typeof Ls>` */
export abstract class BaseCommand<T extends typeof Command> extends Command {
  static override enableJsonFlag = true;
  static override baseFlags: Interfaces.FlagInput = fleetFlags;

  protected flags!: CommandFlags<T>;
  protected args!: CommandArgs<T>;
  protected io!: IOStreams;
  protected readonly clock: Clock = systemClock;

  override async init(): Promise<void> {
    await super.init();
    const { flags, args } = await this.parse({
      flags: this.ctor.flags,
      baseFlags: this.ctor.baseFlags ?? {},
      enableJsonFlag: this.ctor.enableJsonFlag,
      args: this.ctor.args,
      strict: this.ctor.strict,
    });
    this.flags = flags as CommandFlags<T>;
    this.args = args as CommandArgs<T>;
    if (typeof flags["fleet"] === "string") process.env[fleetVariable] = flags["fleet"];
    this.io = processStreams({ noColor: flags["no-color"] === true });
  }

  /**
   * Prints the command's result on stdout: as JSON under --json (indented on a terminal, one line elsewhere), else what
   * `render` makes of it for people; nothing if that is empty.
   */
  protected output<R>(result: R, render: (result: R) => string): void {
    if (this.jsonEnabled()) {
      this.io.out(JSON.stringify(result, null, this.io.stdout.isTTY ? 2 : undefined));
      return;
    }
    const text = render(result);
    if (text !== "") this.io.out(text);
  }

  /** One of many results, as it comes: a line of JSON under --json (newline-delimited JSON), else a line for people. */
  protected outputLine<R>(result: R, render: (result: R) => string): void {
    this.io.out(this.jsonEnabled() ? JSON.stringify(result) : render(result));
  }

  /** Ends with this exit code once the command has run to its end; for answers that are not errors, such as pending. */
  protected setExitCode(code: ExitCode): void {
    process.exitCode = code;
  }

  /** Runs work with an AbortSignal for Ctrl-C and clean-up that is waited for; see withInterruption. */
  protected interruptible<R>(work: (interruption: Interruption) => Promise<R>): Promise<R> {
    return withInterruption(work);
  }

  /** Nothing is printed here, and nothing of oclif's: its JSON would dump argv and the whole configuration. */
  override async catch(error: Error): Promise<never> {
    const unknown = (error as { flags?: unknown }).flags;
    if (error.message.startsWith("Nonexistent flag") && Array.isArray(unknown)) {
      const known = { ...this.ctor.baseFlags, ...this.ctor.flags };
      throw noSuchFlags(unknown.map(String), (this.id ?? "").replaceAll(":", " "), Object.keys(known));
    }
    const explanation = "parse" in error ? usage(error as Error & Record<string, unknown>, this.id) : undefined;
    if (explanation === undefined) throw error;
    throw new AbortError(explanation.message, {
      code: explanation.code,
      nextSteps: explanation.nextSteps,
      exitCode: explanation.exitCode as ExitCode,
      cause: error,
    });
  }
}
