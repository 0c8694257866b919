// Looks at the whole fleet every so often, and sooner when a job had to be put off.
import type { Outcome } from "../fleet/act.ts";
import type { Decision } from "../fleet/decision.ts";
import type { FleetLoop } from "../fleet/loop.ts";
import { type Log, type Recorder, record } from "./record.ts";

export interface Schedule extends Recorder {
  stop(): void;
}

/** Where the schedule's time comes from; a simulation has its own. */
export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number;
  /** @returns a function that calls it off */
  after(ms: number, run: () => void): () => void;
}

const systemTimers: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** A job that was put off is looked at again after this many seconds, unless GitHub or Modal named another time. */
const lookAgainSeconds = 5;

/**
 * Starts the schedule.
 * @param everySeconds between two looks; 0 for none but those that an outcome calls for
 */
export function startSchedule(
  loop: Pick<FleetLoop, "reconcile">,
  everySeconds: number,
  log: Log,
  timers: Timers = systemTimers,
): Schedule {
  let callOff = () => {};
  let dueAt = Number.POSITIVE_INFINITY;
  let isLooking = false;
  let isStopped = false;
  let isJobWaitingForRoom = false;

  const schedule: Schedule = {
    log,
    note(decision: Decision | undefined, outcome: Outcome) {
      if (outcome.reason.endsWith("-at-capacity")) {
        isJobWaitingForRoom = true;
        if (!outcome.done) plan(lookAgainSeconds);
      } else if (!outcome.done) {
        plan(outcome.retryAfterSeconds ?? lookAgainSeconds);
      } else if (isJobWaitingForRoom && (decision?.action === "finish" || decision?.action === "terminate")) {
        plan(0);
      }
    },
    stop() {
      isStopped = true;
      callOff();
    },
  };

  function plan(seconds: number): void {
    const at = timers.now() + seconds * 1000;
    if (isStopped || at >= dueAt) return;
    callOff();
    dueAt = at;
    callOff = timers.after(seconds * 1000, () => void look());
  }

  async function look(): Promise<void> {
    dueAt = Number.POSITIVE_INFINITY;
    if (isLooking) return plan(1);
    isLooking = true;
    isJobWaitingForRoom = false;
    try {
      const steps = await loop.reconcile();
      const worthTelling = steps.filter(
        ({ decision }) => decision.action !== "none" || decision.reason.startsWith("defer:"),
      );
      if (worthTelling.length > 0) log("reconciling", { jobsAndRunners: steps.length, toDo: worthTelling.length });
      for (const step of worthTelling) void record(step, schedule);
    } catch (error) {
      log("error", { message: `reconcile: ${error instanceof Error ? error.message : String(error)}` });
    } finally {
      isLooking = false;
      if (everySeconds > 0) plan(everySeconds);
    }
  }

  if (everySeconds > 0) plan(everySeconds);
  return schedule;
}
