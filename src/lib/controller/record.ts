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

/** What became of a step, with the job that it is about, if it is about one. */
export type Recorded = Outcome & { job?: number };

/** Waits for a step and records it. Never throws. */
export async function record(step: Step, recorder: Recorder): Promise<Recorded> {
  const about = "job" in step.decision ? { job: step.decision.job.id } : {};
  try {
    const outcome = await step.outcome;
    recorder.log("decision", { action: step.decision.action, ...about, ...outcome });
    recorder.note(step.decision, outcome);
    return { ...about, ...outcome };
  } catch (error) {
    return recordFault(error, recorder, step.decision);
  }
}

/** A fault puts the work off, with the fault as the detail. */
export function recordFault(error: unknown, recorder: Recorder, decision?: Decision): Outcome {
  const detail = error instanceof Error ? error.message : String(error);
  // What is neither GitHub's nor Modal's refusal to do it now needs a person; trying again at once helps nobody.
  const outcome: Outcome =
    error instanceof Unavailable ? outcomeOf(error) : { reason: "error", detail, done: false, retryAfterSeconds: 60 };
  recorder.log("error", { reason: outcome.reason, message: detail });
  recorder.note(decision, outcome);
  return outcome;
}
