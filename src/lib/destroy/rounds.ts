// Ends runners round by round until none is left: what a controller was about to start when it was stopped turns up late,
// and jobs that are waited for end one by one.
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { explainError } from "../cli/explain-error.ts";
import { untilAborted } from "../cli/interrupt.ts";
import { Unavailable } from "../fleet/ports.ts";
import { isRequestError } from "../github/errors.ts";
import { waitForEnd } from "../modal/sandboxes.ts";
import { type Failure, runnerRemovals, StillBusy } from "./end-runners.ts";
import type { DestroyAccess } from "./open.ts";
import { busyRunners, type Runners } from "./runners.ts";
import { surveyRunnersNow } from "./survey.ts";
import type { BusyRunner, Removable } from "./things.ts";

/** What becomes of runners that have a job: they are waited for, killed, or left. */
export type BusyMode = { kind: "drain"; timeoutMs: number } | { kind: "force" } | { kind: "keep" };

export interface Hands {
  remove(things: readonly Removable[]): Promise<Failure[]>;
  /** Told whenever the jobs that are waited for have changed. */
  onWait(busy: readonly BusyRunner[]): void;
  /** What the error says of what was done before. */
  undone(): string;
}

export interface Ended {
  failures: Failure[];
  /** Runners whose jobs were not over in time. */
  busy: BusyRunner[];
  /** As last seen. */
  runners: Runners;
  /** Until when whatever cannot be looked at is looked at again. */
  deadline: number;
}

/** As often as something new turns up after everything was removed. */
const mostRounds = 10;
/** After a service did not answer, while jobs are waited for anyway. */
const pauseMs = 15_000;

/** @throws AbortError when runners cannot be listed; with "drain", only when they still cannot at the end of its time */
export async function endRunners(access: DestroyAccess, mode: BusyMode, hands: Hands): Promise<Ended> {
  const { client, policy, github } = access;
  const options = { client, fleet: policy.fleet, github: github?.port, isForced: mode.kind === "force" };
  const deadline = access.now() + (mode.kind === "drain" ? mode.timeoutMs : 0);
  const ends = new Ends(access);
  for (let round = 1; ; round++) {
    const runners = await persistently(access, deadline, () => surveyRunnersNow(access, hands.undone()));
    const things = runnerRemovals(runners, options);
    if (things.length === 0) return { failures: [], busy: [], runners, deadline };
    const failures = await hands.remove(things);
    const busy = failures.filter(({ error }) => error instanceof StillBusy);
    if (mode.kind === "drain" && busy.length > 0) {
      const living = runners.sandboxes.filter(({ id }) => busy.some(({ thing }) => thing.id === id));
      const waiting = busyRunners(living.map((sandbox) => ({ ...sandbox, isBusy: true })));
      const leftMs = deadline - access.now();
      // Without a Sandbox there is nothing whose end could be waited for.
      if (waiting.length === 0) return { failures, busy: [], runners, deadline };
      const others = failures.filter((each) => !busy.includes(each));
      if (leftMs <= 0) return { failures: others, busy: waiting, runners, deadline };
      hands.onWait(waiting);
      await ends.first(waiting, leftMs);
      round = 0;
    } else if (failures.length < things.length) {
      if (round >= mostRounds) return { failures, busy: [], runners, deadline };
    } else {
      const passing = failures.find(({ error }) => isPassing(error));
      if (!passing || access.now() + pauseMs > deadline) return { failures, busy: [], runners, deadline };
      await pause(access, passing.error);
    }
  }
}

/** Waits for the ends of Sandboxes, with one call for each, however often it is asked for. */
class Ends {
  readonly #access: DestroyAccess;
  readonly #waits = new Map<string, Promise<boolean>>();

  constructor(access: DestroyAccess) {
    this.#access = access;
  }

  /** Until one of them has ended, or so many milliseconds. @throws the signal's reason */
  async first(busy: readonly BusyRunner[], withinMs: number): Promise<void> {
    const { signal } = this.#access;
    try {
      await untilAborted(signal, Promise.race(busy.map(({ sandboxId }) => this.#end(sandboxId, withinMs))));
    } catch (error) {
      signal.throwIfAborted();
      await pause(this.#access, error);
    }
  }

  #end(sandboxId: string, withinMs: number): Promise<boolean> {
    const known = this.#waits.get(sandboxId);
    if (known !== undefined) return known;
    const end = waitForEnd(this.#access.client, sandboxId, withinMs).finally(() => this.#waits.delete(sandboxId));
    end.catch(() => undefined);
    this.#waits.set(sandboxId, end);
    return end;
  }
}

/** Looks again, until then, where a service could not answer now. */
export async function persistently<T>(access: DestroyAccess, until: number, look: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (!isPassing(error) || access.now() + pauseMs > until) throw error;
      await pause(access, error);
    }
  }
}

async function pause({ warn, sleep, signal }: DestroyAccess, error: unknown): Promise<void> {
  const { message, why } = explainError(error);
  warn(`${[message, why].filter(Boolean).join(" ")} Looking again in ${pauseMs / 1000} s.`);
  await sleep(pauseMs, signal);
}

/** Whether a service could not do it now, which need not stay so. */
function isPassing(error: unknown): boolean {
  if (explainError(error).exitCode !== ExitCode.Failure) return false;
  const cause = error instanceof AbortError ? error.cause : error;
  return cause instanceof Unavailable || (isRequestError(cause) && cause.status >= 500);
}
