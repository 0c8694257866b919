// What the states of jobs add up to: the result of a job with a matrix, and status and conclusion of a run.

import type { TaskResult } from "../../runner-protocol.ts";
import type { FinishedJob } from "../../workflow/needs.ts";
import type { Conclusion, Job, JobGroup, Run } from "../model.ts";

/** The conclusion that the API shows for a result as a runner reports it. */
export function conclusionOf(result: TaskResult): Conclusion {
  switch (result) {
    case "succeeded":
    case "succeededWithIssues":
      return "success";
    case "canceled":
      return "cancelled";
    case "skipped":
      return "skipped";
    default:
      return "failure";
  }
}

export function groupEnded(group: JobGroup): boolean {
  return group.waiting.length === 0 && group.jobs.every((job) => job.status === "completed");
}

/** Result and outputs of an ended job for those that need it; of a matrix, the worst result and the last outputs. */
export function groupResult(group: JobGroup): FinishedJob {
  const outputs: Record<string, string> = {};
  for (const job of group.jobs) {
    for (const [name, value] of Object.entries(job.outputs))
      if (value !== "" || !(name in outputs)) outputs[name] = value;
  }
  return { result: worst(group.jobs.map(effectiveConclusion)), outputs };
}

/** `continue-on-error` lets a failed job count as a success. */
function effectiveConclusion(job: Job): Conclusion {
  return job.conclusion === "failure" && job.planned?.continueOnError ? "success" : (job.conclusion ?? "failure");
}

function worst(conclusions: Conclusion[]): Conclusion {
  for (const conclusion of ["failure", "cancelled", "success"] as const) {
    if (conclusions.includes(conclusion)) return conclusion;
  }
  return "skipped";
}

/** A run is in progress while one of its jobs is, and queued while none is but one waits; as check suites add up. */
export function runOutcome(run: Run): Pick<Run, "status" | "conclusion"> {
  const groups = [...run.groups.values()];
  if (groups.length === run.workflow.jobs.length && groups.every(groupEnded)) {
    const result = worst(groups.map((group) => groupResult(group).result));
    return { status: "completed", conclusion: result === "success" && run.cancelled ? "cancelled" : result };
  }
  const running = groups.some((group) => group.jobs.some((job) => job.status === "in_progress"));
  return { status: running ? "in_progress" : "queued", conclusion: null };
}
