// Takes a run forward: plans each job of its workflow file once the jobs it needs have ended, and lets the jobs of a
// matrix go as `max-parallel` allows.
import { randomUUID } from "node:crypto";
import type { ContextData } from "../../runner-protocol.ts";
import type { FinishedJob } from "../../workflow/needs.ts";
import { type JobPlan, PlanError, type PlannedJob, planJob } from "../../workflow/plan.ts";
import type { WorkflowJob } from "../../workflow/workflow-types.ts";
import type { Ids } from "../ids.ts";
import type { Conclusion, Job, JobGroup, Run } from "../model.ts";
import { groupEnded, groupResult } from "./outcome.ts";

export interface PlannerParts {
  ids: Ids;
  clock: () => Date;
  githubContext: (run: Run) => ContextData;
  vars: ContextData;
}

export class Planner {
  readonly #parts: PlannerParts;

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /** New jobs of a run whose turn has come. Some are born completed: skipped ones, and those that cannot be planned. */
  next(run: Run): Job[] {
    const finished = this.#finished(run);
    const fresh = [...run.groups.values()].flatMap((group) => this.#release(run, group));
    for (const job of run.workflow.jobs) {
      if (!run.groups.has(job.key) && job.needs.every((key) => key in finished)) {
        fresh.push(...this.#plan(run, job, finished));
      }
    }
    return fresh;
  }

  /** Turns what a run has not begun yet into cancelled jobs. */
  cancelRest(run: Run, groups: Iterable<JobGroup> = run.groups.values()): Job[] {
    return [...groups].flatMap((group) =>
      group.waiting.splice(0).map((planned) => this.#ended(run, group, planned.name, "cancelled", planned)),
    );
  }

  /** The same for the jobs of the file that are not planned. */
  cancelUnplanned(run: Run): Job[] {
    const keys = run.workflow.jobs.map((job) => job.key).filter((key) => !run.groups.has(key));
    return keys.map((key) => this.#ended(run, this.#group(run, key), key, "cancelled"));
  }

  #finished(run: Run): Record<string, FinishedJob> {
    const ended = [...run.groups.values()].filter(groupEnded);
    return Object.fromEntries(ended.map((group) => [group.key, groupResult(group)]));
  }

  #plan(run: Run, job: WorkflowJob, finished: Record<string, FinishedJob>): Job[] {
    const group = this.#group(run, job.key);
    let plan: JobPlan;
    try {
      const { vars, githubContext } = this.#parts;
      const { inputs, cancelled } = run;
      plan = planJob(run.workflow, job, { github: githubContext(run), vars, inputs, finished, cancelled });
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      return [this.#failed(run, group, error.message)];
    }
    if (plan.skipped) return [this.#ended(run, group, plan.name, "skipped")];
    if (job.unsupported.length > 0) {
      return [
        this.#failed(run, group, `This emulator does not support ${job.unsupported.join(", ")} in job ${job.key}.`),
      ];
    }
    group.waiting = [...plan.jobs];
    group.failFast = plan.failFast;
    group.maxParallel = plan.maxParallel ?? plan.jobs.length;
    return this.#release(run, group);
  }

  #group(run: Run, key: string): JobGroup {
    const group: JobGroup = { key, jobs: [], waiting: [], failFast: false, maxParallel: 1 };
    run.groups.set(key, group);
    return group;
  }

  #release(run: Run, group: JobGroup): Job[] {
    const active = group.jobs.filter((job) => job.status !== "completed").length;
    const released = group.waiting.splice(0, Math.max(0, group.maxParallel - active));
    return released.map((planned) => this.#create(run, group, planned.name, planned.labels, planned));
  }

  #failed(run: Run, group: JobGroup, message: string): Job {
    const job = this.#ended(run, group, group.key, "failure");
    job.annotations.push({ level: "FAILURE", message });
    return job;
  }

  /** A job that never waits for a runner: GitHub shows it without labels. */
  #ended(run: Run, group: JobGroup, name: string, conclusion: Conclusion, planned?: PlannedJob): Job {
    const job = this.#create(run, group, name, [], planned);
    return Object.assign(job, { status: "completed" as const, conclusion, completedAt: job.createdAt });
  }

  #create(run: Run, group: JobGroup, name: string, labels: string[], planned?: PlannedJob): Job {
    const now = this.#parts.clock();
    const job: Job = {
      id: this.#parts.ids.next("job"),
      run,
      attempt: run.attempt,
      key: group.key,
      name,
      labels,
      planned,
      status: "queued",
      conclusion: null,
      createdAt: now,
      startedAt: now,
      completedAt: null,
      runner: null,
      steps: [],
      changeOrder: -1,
      outputs: {},
      annotations: [],
      backendId: randomUUID(),
      requestId: randomUUID(),
      assignment: undefined,
      lease: undefined,
      cancelledAt: undefined,
    };
    group.jobs.push(job);
    run.jobs.push(job);
    return job;
  }
}
