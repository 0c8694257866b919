// Looks at the whole fleet every so often, and sooner when a job had to be put off.
import type { Outcome } from "../fleet/act.ts";
import type { Decision } from "../fleet/decision.ts";
import type { FleetLoop } from "../fleet/loop.ts";
import { type Log, type Recorder, record } from "./record.ts";

export interface Schedule extends Recorder {
  stop(): void;
}

/** A job that was put off is looked at again after this many seconds, unless GitHub or Modal named another time. */
const lookAgainSeconds = 5;

/**
 * Starts the schedule.
 * @param everySeconds between two looks; 0 for none but those that an outcome calls for
 */
export function startSchedule(loop: Pick<FleetLoop, "reconcile">, everySeconds: number, log: Log): Schedule {
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let isLooking = false;
  let isStopped = false;
  let isJobWaitingForRoom = false;

  const schedule: Schedule = {
    log,
    note(decision: Decision | undefined, outcome: Outcome) {
      if (outcome.reason === "defer:fleet-at-capacity" || outcome.reason === "defer:pool-at-capacity") {
        isJobWaitingForRoom = true;
      } else if (!outcome.done) {
        plan(outcome.retryAfterSeconds ?? lookAgainSeconds);
      } else if (isJobWaitingForRoom && (decision?.action === "finish" || decision?.action === "terminate")) {
        plan(0);
      }
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };

  function plan(seconds: number): void {
    const at = Date.now() + seconds * 1000;
    if (isStopped || at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => void look(), seconds * 1000);
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
