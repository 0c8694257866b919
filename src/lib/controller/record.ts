// Follows a step to its end: one log line for each, and a fault becomes an outcome with a reason.
import { type Outcome, outcomeOf } from "../fleet/act.ts";
import type { Decision } from "../fleet/decision.ts";
import type { Step } from "../fleet/loop.ts";
import { Unavailable } from "../fleet/ports.ts";

/** Writes one line of the controller's log: a name and its fields, none of them secret. */
export type Log = (event: string, fields: Record<string, unknown>) => void;

export interface Recorder {
  log: Log;
  /** Told of each outcome; without a decision where the fleet could not even be observed. */
  note(decision: Decision | undefined, outcome: Outcome): void;
}

/** Waits for a step and records it. Never throws. */
export async function record(step: Step, recorder: Recorder): Promise<Outcome> {
  try {
    const outcome = await step.outcome;
    const job = "job" in step.decision ? step.decision.job.id : undefined;
    recorder.log("decision", { action: step.decision.action, job, ...outcome });
    recorder.note(step.decision, outcome);
    return outcome;
  } catch (error) {
    return recordFault(error, recorder, step.decision);
  }
}

/** A fault puts the work off, with the fault as the detail. */
export function recordFault(error: unknown, recorder: Recorder, decision?: Decision): Outcome {
  const detail = error instanceof Error ? error.message : String(error);
  const outcome: Outcome =
    error instanceof Unavailable ? outcomeOf(error) : { reason: "defer:github-unavailable", detail, done: false };
  recorder.log("error", { reason: outcome.reason, message: detail });
  recorder.note(decision, outcome);
  return outcome;
}
