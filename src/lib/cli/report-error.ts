// The one place that prints an error: for people on stderr, for programs as JSON on stdout.
import { inspect } from "node:util";
import { explainError } from "./explain-error.ts";
import { redact } from "./redact.ts";
import type { IOStreams } from "./streams.ts";

export interface ReportOptions {
  io: IOStreams;
  /** --json was given. */
  json: boolean;
  /** Print the stack and what the error carries, too (DEBUG is set). */
  debug: boolean;
}

/**
 * Reports an error, secrets taken out.
 * @returns the exit code to end with
 */
export function reportError(error: unknown, { io, json, debug }: ReportOptions): number {
  // oclif's way to end with an exit code and nothing said; and the reader who went away hears nothing.
  const { code: errorCode, oclif } = (error ?? {}) as { code?: unknown; oclif?: { exit?: number } };
  if (errorCode === "EEXIT") return oclif?.exit ?? 1;
  if (errorCode === "output-closed") return 0;

  const { code, exitCode, ...explanation } = explainError(error);
  const message = redact(explanation.message);
  const why = explanation.why === undefined ? null : redact(explanation.why);
  const nextSteps = explanation.nextSteps.map((step) => redact(step));

  if (json) io.out(JSON.stringify({ error: { code, message, why, nextSteps } }));
  else {
    const { bold, red } = io.stderr.colours;
    io.note(`${bold(red("Error:"))} ${message}`);
    if (why !== null && why !== message) io.note(`  ${why}`);
    if (nextSteps.length > 0) io.note(`\n${bold("Next:")}\n${nextSteps.map((step) => `  ${step}`).join("\n")}`);
  }
  if (debug) io.note(`\n${redact(describe(error))}`);
  return exitCode;
}

/** Stack and causes. Not what oclif hangs on its errors: that is the whole command line and configuration. */
function describe(error: unknown): string {
  const stacks: string[] = [];
  for (let e = error; e !== undefined; e = e instanceof Error ? e.cause : undefined) {
    stacks.push(e instanceof Error ? (e.stack ?? `${e.name}: ${e.message}`) : inspect(e));
  }
  return stacks.join("\ncaused by: ");
}
