// Signals as an AbortSignal, with clean-up that is waited for. A command without anything to clean up needs none of it:
// Node's own answer to Ctrl-C (end at once, status 130 in the shell) is right for it.
import type { EventEmitter } from "node:events";
import { AbortError, InterruptedError, OutputClosedError } from "./errors.ts";
import { ExitCode } from "./exit-codes.ts";

export interface Interruption {
  /** Aborts on the first SIGINT, SIGTERM or SIGHUP, and when the reader of our output goes away. */
  readonly signal: AbortSignal;
  /** Registers clean-up for when the work ends, for whatever reason; the last registered runs first. */
  onEnd(cleanUp: () => void | Promise<void>): void;
}

/** The part of `process` that is used. */
export type SignalHost = Pick<EventEmitter, "on" | "off"> & { exit(code: number): void };

/** Emitted on the process when writing to stdout or stderr failed because nobody reads it any more (cli.ts). */
export const outputClosedEvent = "modal-gha:output-closed";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs work that can be interrupted. After a signal the work is still waited for, so it must watch the signal; then its
 * clean-up. A second SIGINT ends the process at once.
 * @throws InterruptedError after a signal, even if the work ended well; AbortErrors of the work and all errors of the
 * clean-up as they are, since the operator must hear what was left behind.
 */
export async function withInterruption<T>(
  work: (interruption: Interruption) => Promise<T>,
  host: SignalHost = process,
): Promise<T> {
  const controller = new AbortController();
  const cleanUps: (() => void | Promise<void>)[] = [];
  const onSignal = (name: string) => {
    if (controller.signal.aborted && name === "SIGINT") host.exit(ExitCode.Interrupted);
    controller.abort(new InterruptedError(name));
  };
  const onOutputClosed = () => controller.abort(new OutputClosedError());
  for (const name of signals) host.on(name, onSignal);
  host.on(outputClosedEvent, onOutputClosed);
  try {
    let result: T;
    try {
      result = await work({ signal: controller.signal, onEnd: (cleanUp) => void cleanUps.push(cleanUp) });
    } finally {
      await runAll(cleanUps.reverse());
    }
    controller.signal.throwIfAborted();
    return result;
  } catch (error) {
    // Torn connections and the like are only what the abort led to.
    if (controller.signal.aborted && !(error instanceof AbortError || error instanceof CleanUpError)) {
      throw controller.signal.reason;
    }
    throw error;
  } finally {
    for (const name of signals) host.off(name, onSignal);
    host.off(outputClosedEvent, onOutputClosed);
  }
}

/**
 * What the work gives, without waiting for it any longer once the signal aborts.
 * @throws the signal's reason
 */
export async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  // Nobody listens to it any more once the signal won.
  work.catch(() => undefined);
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Clean-up failed: what went wrong is in `errors`. */
export class CleanUpError extends AggregateError {}

async function runAll(cleanUps: readonly (() => void | Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const cleanUp of cleanUps) {
    try {
      await cleanUp();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) {
    throw new CleanUpError(errors, errors.map((e) => (e instanceof Error ? e.message : String(e))).join("; "));
  }
}
