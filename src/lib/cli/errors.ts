// The errors a command ends with on purpose. Whatever else is thrown is a bug, and is reported as one.
import { ExitCode } from "./exit-codes.ts";

export interface AbortErrorOptions {
  /** The reason, if the message does not hold it already. */
  why?: string;
  /** What to type or do next, most useful first; commands in full, as they would be typed. */
  nextSteps?: readonly string[];
  /** Process exit code; `ExitCode.Failure` unless told. */
  exitCode?: ExitCode;
  /** Stable, kebab-case name for programs (`error.code` under --json); `failure` unless told. */
  code?: string;
  cause?: unknown;
}

/**
 * A failure that was expected: it says what happened (the message), why, and what to type next.
 * Keeps the name `Error`, because `AbortError` as a *name* belongs to the errors of AbortSignal.
 */
export class AbortError extends Error {
  readonly why: string | undefined;
  readonly nextSteps: readonly string[];
  readonly exitCode: ExitCode;
  readonly code: string;

  constructor(message: string, options: AbortErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.why = options.why;
    this.nextSteps = options.nextSteps ?? [];
    this.exitCode = options.exitCode ?? ExitCode.Failure;
    this.code = options.code ?? "failure";
  }
}

/** The operator ended the command by a signal; everything it had to clean up is cleaned up. */
export class InterruptedError extends AbortError {
  constructor(signal: string, cause?: unknown) {
    super(`Interrupted by ${signal}.`, { exitCode: ExitCode.Interrupted, code: "interrupted", cause });
  }
}

/** The reader of our output went away (`| head`). Not a failure: nothing is printed and the exit code is 0. */
export class OutputClosedError extends AbortError {
  constructor() {
    super("The output was closed.", { exitCode: ExitCode.Ok, code: "output-closed" });
  }
}
