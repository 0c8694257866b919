// What a job knows of the jobs before it: the needs context, and the status functions of its condition.
import type { ContextData } from "../runner-protocol.ts";
import { type DictionaryData, toDictionaryData } from "./context-data.ts";
import type { ScopeFunction } from "./expressions.ts";
import type { Workflow, WorkflowJob } from "./workflow-types.ts";

export type JobResult = "success" | "failure" | "cancelled" | "skipped";

/** A job of the run that has ended; all jobs of a matrix count as one. */
export interface FinishedJob {
  /** With `continue-on-error`, a job that failed counts as `success`. */
  result: JobResult;
  outputs: Record<string, string>;
}

/** The needs context: the jobs that `needs:` names, not those that they need in turn. @throws RangeError when one has not ended */
export function needsContext(job: WorkflowJob, finished: Record<string, FinishedJob>): DictionaryData {
  const entries = job.needs.map((key) => {
    const { result, outputs } = endedJob(key, finished);
    return [key, { result, outputs }];
  });
  return toDictionaryData(Object.fromEntries(entries));
}

/**
 * success(), failure(), always() and cancelled() for the condition of a job. They look at all jobs before it, not only
 * at those that it names: a job behind a skipped one is skipped even if the one between ran
 * (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idneeds, actions/runner#491).
 * Given keys of needed jobs, success and failure look at these alone.
 */
export function statusFunctions(
  workflow: Workflow,
  job: WorkflowJob,
  finished: Record<string, FinishedJob>,
  cancelled: boolean,
): Record<string, ScopeFunction> {
  const results = (args: ContextData[]): JobResult[] => {
    const keys = args.length > 0 ? args.map(String) : ancestors(workflow, job);
    return keys.map((key) => endedJob(key, finished).result);
  };
  return {
    always: () => true,
    cancelled: () => cancelled,
    success: (args) => !cancelled && results(args).every((result) => result === "success"),
    failure: (args) => results(args).includes("failure"),
  };
}

/** Keys of the jobs that must end before this one, without the job itself. */
function ancestors(workflow: Workflow, job: WorkflowJob): string[] {
  const found = new Set(job.needs);
  // A set is iterated to the end even while it grows.
  for (const key of found) {
    for (const need of workflow.jobs.find((candidate) => candidate.key === key)?.needs ?? []) found.add(need);
  }
  return [...found];
}

function endedJob(key: string, finished: Record<string, FinishedJob>): FinishedJob {
  const job = finished[key];
  if (!job) throw new RangeError(`The needed job '${key}' has not ended`);
  return job;
}
