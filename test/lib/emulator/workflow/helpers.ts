// Workflow files given in a test, and the plans of their jobs.
import { toContextData } from "../../../../src/lib/emulator/workflow/context-data.ts";
import type { FinishedJob } from "../../../../src/lib/emulator/workflow/needs.ts";
import { type JobPlan, type PlannedJob, planJob } from "../../../../src/lib/emulator/workflow/plan.ts";
import { parseWorkflow } from "../../../../src/lib/emulator/workflow/workflow.ts";
import type { Workflow, WorkflowJob } from "../../../../src/lib/emulator/workflow/workflow-types.ts";

export const path = ".github/workflows/ci.yml";

export function workflowOf(content: string): Workflow {
  return parseWorkflow({ path, content });
}

/** A workflow whose jobs are given as the lines of `jobs:`. */
export function workflowWithJobs(jobs: string): Workflow {
  return workflowOf(`on: push\njobs:\n${jobs.replace(/^/gm, "  ")}\n`);
}

/** A workflow of one job, `build`, given as its lines; it runs on `modal` unless it says otherwise. */
export function workflowWithJob(job: string): Workflow {
  const lines = job.trim().replace(/^/gm, "    ");
  const runsOn = /^ {4}runs-on:/m.test(lines) ? "" : "    runs-on: modal\n";
  const steps = /^ {4}steps:/m.test(lines) ? "" : "    steps: [{ run: 'true' }]\n";
  return workflowOf(`on: push\njobs:\n  build:\n${lines}\n${runsOn}${steps}`);
}

export function jobOf(workflow: Workflow, key = "build"): WorkflowJob {
  const job = workflow.jobs.find((candidate) => candidate.key === key);
  if (!job) throw new Error(`The workflow has no job ${key}`);
  return job;
}

export interface PlainScope {
  github?: object;
  vars?: object;
  inputs?: object;
  finished?: Record<string, FinishedJob>;
  cancelled?: boolean;
}

export function plan(workflow: Workflow, scope: PlainScope = {}, key = "build"): JobPlan {
  return planJob(workflow, jobOf(workflow, key), {
    github: toContextData(scope.github ?? {}),
    vars: toContextData(scope.vars ?? {}),
    inputs: toContextData(scope.inputs ?? {}),
    finished: scope.finished ?? {},
    cancelled: scope.cancelled ?? false,
  });
}

/** The jobs of a plan that must not be skipped. */
export function plannedJobs(workflow: Workflow, scope: PlainScope = {}, key = "build"): PlannedJob[] {
  const planned = plan(workflow, scope, key);
  if (planned.skipped) throw new Error(`The job ${key} is skipped`);
  return planned.jobs;
}
