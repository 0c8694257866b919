// Looks at the whole fleet every so often, and sooner when a job had to be put off.
import type { Outcome } from "../fleet/act.ts";
import type { Decision } from "../fleet/decision.ts";
import type { FleetLoop } from "../fleet/loop.ts";
import { Unavailable } from "../fleet/ports.ts";
import { type Log, type Recorded, type Recorder, record } from "./record.ts";

export interface Schedule extends Recorder {
  /** Looks at the whole fleet now, unless that is being done; resolves once all that was begun has come to its end. */
  look(): Promise<Looked>;
  stop(): void;
}

/** What came of a look at the whole fleet. */
export interface Looked {
  /** False when the fleet could not be observed, or something that was to be done was not. */
  ok: boolean;
  /** How many jobs and runners there was something to do about. */
  toDo: number;
  detail: string;
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
const longestPauseSeconds = 60;
/** Looks at the whole fleet are at least this far apart, however much there is to do. */
const leastSeconds = 5;
/** A look that takes longer than this hangs on a call that is never answered. */
const longestLookMs = 5 * 60_000;

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
  let lookingSince: number | undefined;
  let failures = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isStopped = false;
  let isJobWaitingForRoom = false;

  const schedule: Schedule = {
    log,
    note(decision: Decision | undefined, outcome: Outcome) {
      if (outcome.reason.endsWith("-at-capacity")) {
        isJobWaitingForRoom = true;
        if (!outcome.done) plan(lookAgainSeconds);
      } else if (!outcome.done || outcome.reason.endsWith("-unavailable")) {
        plan(outcome.retryAfterSeconds ?? lookAgainSeconds);
      } else if (isJobWaitingForRoom && (decision?.action === "finish" || decision?.action === "terminate")) {
        plan(0);
      }
    },
    look,
    stop() {
      isStopped = true;
      callOff();
    },
  };

  function plan(seconds: number): void {
    const at = Math.max(timers.now() + seconds * 1000, lookedAt + leastSeconds * 1000);
    if (isStopped || at >= dueAt) return;
    callOff();
    dueAt = at;
    callOff = timers.after(at - timers.now(), onTime);
  }

  async function look(): Promise<Looked> {
    const startedAt = timers.now();
    if (lookingSince !== undefined && startedAt - lookingSince < longestLookMs) {
      plan(leastSeconds);
      return { ok: true, toDo: 0, detail: "the fleet is being looked at already" };
    }
    lookingSince = startedAt;
    isJobWaitingForRoom = false;
    let recorded: Promise<Recorded>[];
    try {
      const steps = await loop.reconcile();
      const worthTelling = steps.filter(
        ({ decision }) => decision.action !== "none" || decision.reason.startsWith("defer:"),
      );
      if (worthTelling.length > 0) log("reconciling", { jobsAndRunners: steps.length, toDo: worthTelling.length });
      recorded = worthTelling.map((step) => record(step, schedule));
      failures = 0;
    } catch (error) {
      // Soon again, since one call in many may have failed; later and later, since it may be an outage.
      const pause = Math.min(everySeconds || longestPauseSeconds, lookAgainSeconds * 2 ** failures++);
      plan(error instanceof Unavailable ? Math.max(pause, error.retryAfterSeconds ?? 0) : pause);
      const detail = `reconcile: ${error instanceof Error ? error.message : String(error)}`;
      log("error", { message: detail });
      return { ok: false, toDo: 0, detail };
    } finally {
      if (lookingSince === startedAt) lookingSince = undefined;
      lookedAt = timers.now();
      if (everySeconds > 0) plan(everySeconds);
    }
    const outcomes = await Promise.all(recorded);
    const failed = outcomes.find(({ reason }) => reason === "error" || reason.endsWith("-unavailable"));
    return { ok: !failed, toDo: outcomes.length, detail: failed?.detail ?? "the whole fleet was looked at" };
  }

  function onTime(): void {
    dueAt = Number.POSITIVE_INFINITY;
    void look();
  }

  if (everySeconds > 0) plan(everySeconds);
  return schedule;
}
