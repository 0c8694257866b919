// The life of runs and jobs: queued, given to a runner, in progress, completed; cancelling, time limits, lost runners.
// Everything here is synchronous, so that each change is seen whole: by webhooks, by the API and by runners.
import { randomUUID } from "node:crypto";
import type { TaskResult } from "../../runner-protocol.ts";
import { conflict } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Ids } from "../ids.ts";
import type { Conclusion, Job, Run, Runner } from "../model.ts";
import type { Store } from "../store.ts";
import type { Tokens } from "../tokens.ts";
import type { Urls } from "../urls.ts";
import { jobView, runnerView, runView } from "../views.ts";
import { Assignments } from "./assignments.ts";
import { conclusionOf, runOutcome } from "./outcome.ts";
import type { Planner } from "./planner.ts";
import type { Sessions } from "./sessions.ts";

/** How long a cancelled job may take to wind up; docs "Workflow cancellation reference". */
const cancellationMs = 5 * 60_000;
/** An ephemeral runner that has not connected for so long is removed; docs "Self-hosted runners reference". */
const unconnectedMs = 24 * 3_600_000;

export interface EngineParts {
  ids: Ids;
  clock: () => Date;
  urls: Urls;
  store: Store;
  tokens: Tokens;
  events: Events;
  planner: Planner;
  /** Tells Apps what became of a job. */
  notify: (job: Job, action: "queued" | "in_progress" | "completed") => void;
  /** A running job whose runner has not renewed it for this long has failed. */
  leaseMs: number;
  /** A job whose runner has not acquired it within this time goes back to the queue. */
  pickUpMs: number;
  /** A runner connected and without a job for this long is removed. */
  idleRemovalMs: number;
}

export class Engine {
  readonly runs = new Map<number, Run>();
  readonly jobs = new Map<number, Job>();
  readonly #parts: EngineParts;
  readonly #assignments: Assignments;
  readonly #byBackendId = new Map<string, Job>();

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#assignments = new Assignments({ ...parts, onSession: (runner, action) => this.#emitRunner(runner, action) });
  }

  get sessions(): Sessions {
    return this.#assignments.sessions;
  }

  /** Puts a new run, or a new attempt of one, to work. */
  begin(run: Run): void {
    this.runs.set(run.id, run);
    this.#parts.events.emit({ type: "run", action: "requested", run: runView(run) });
    this.#advance(run);
  }

  /** Starts all jobs of a completed run again, as its next attempt. */
  rerun(run: Run): void {
    const now = this.#parts.clock();
    Object.assign(run, {
      attempt: run.attempt + 1,
      status: "queued",
      conclusion: null,
      startedAt: now,
      updatedAt: now,
    });
    Object.assign(run, { planId: randomUUID(), groups: new Map(), cancelled: false });
    this.begin(run);
  }

  /** Cancels a run: what waits ends at once, what runs is told to wind up. @throws GitHubError 409 when it has ended */
  cancel(run: Run): void {
    this.#assertUnfinished(run);
    run.cancelled = true;
    this.#take(this.#parts.planner.cancelRest(run));
    for (const job of this.#unfinished(run)) this.#cancelJob(job);
    this.#advance(run);
  }

  /** Ends a run at once, whatever its conditions and its runners say. @throws GitHubError 409 when it has ended */
  forceCancel(run: Run): void {
    this.#assertUnfinished(run);
    run.cancelled = true;
    const { planner } = this.#parts;
    this.#take([...planner.cancelRest(run), ...planner.cancelUnplanned(run)]);
    for (const job of this.#unfinished(run)) {
      this.#sendCancellation(job);
      this.#complete(job, "cancelled");
    }
    this.#advance(run);
  }

  /**
   * Makes the job that was offered under a request id the runner's own; asked again, answers the same.
   * @returns "taken" when the job has gone to another runner, undefined when it is gone
   */
  acquire(runner: Runner, requestId: string): Job | "taken" | undefined {
    const job = this.#assignments.find(runner, requestId);
    if (job === "taken" || job?.status !== "queued") return job;
    const { clock, leaseMs, tokens } = this.#parts;
    const now = clock();
    this.#assignments.acquired(job, runner);
    job.status = "in_progress";
    job.startedAt = now;
    job.lease = {
      lockedUntil: new Date(now.getTime() + leaseMs),
      deadline: new Date(now.getTime() + (job.planned?.timeoutMinutes ?? 360) * 60_000),
      githubToken: tokens.issueForJob(job.run.repository).token,
    };
    this.#changed(job, "in_progress");
    this.#settleRun(job.run);
    return job;
  }

  /** Whether a runner has the job of an offer, not acquired yet or running. */
  offered(runner: Runner, requestId: string): boolean {
    return this.#assignments.offered(runner, requestId);
  }

  byBackendId(id: string): Job | undefined {
    return this.#byBackendId.get(id);
  }

  /** Keeps a running job alive; undefined when it no longer runs. */
  renew(job: Job): Date | undefined {
    if (!job.lease) return undefined;
    job.lease.lockedUntil = new Date(this.#parts.clock().getTime() + this.#parts.leaseMs);
    return job.lease.lockedUntil;
  }

  /** Ends a running job with what its runner reports. */
  finish(job: Job, result: TaskResult, outputs: Record<string, string>): void {
    job.outputs = outputs;
    this.#complete(job, conclusionOf(result));
    this.#advance(job.run);
  }

  /** Says that a job's steps or logs changed. */
  touched(job: Job): void {
    this.#parts.events.emit({ type: "job", action: "updated", job: jobView(job) });
  }

  register(runner: Runner): void {
    this.#parts.store.runners.set(runner.id, runner);
    this.#emitRunner(runner, "registered");
  }

  /** Removes a registration; its session ends with it. */
  remove(runner: Runner): void {
    if (!this.#parts.store.runners.delete(runner.id)) return;
    this.sessions.close(runner);
    this.#emitRunner(runner, "removed");
  }

  busy(runner: Runner): boolean {
    return this.#assignments.busy(runner);
  }

  /** A runner group was opened or closed to repositories. */
  groupsChanged(): void {
    this.#assignments.match();
  }

  /** Does what only time does: unpicked jobs, lost and idle runners, time limits, cancelled jobs that do not end. */
  sweep(): void {
    const now = this.#parts.clock().getTime();
    for (const job of this.#assignments.active()) {
      const { assignment, lease, cancelledAt } = job;
      if (assignment && now - assignment.at.getTime() >= this.#parts.pickUpMs) this.#assignments.withdraw(job);
      if (!lease) continue;
      if (cancelledAt && now - cancelledAt.getTime() >= cancellationMs) this.#abandon(job, "cancelled");
      else if (now >= lease.lockedUntil.getTime()) {
        this.#annotate(job, `The self-hosted runner ${job.runner?.name} lost communication with the server.`);
        this.#abandon(job, "failure");
      } else if (now >= lease.deadline.getTime() && !cancelledAt) {
        this.#annotate(job, `The job has exceeded its time limit of ${job.planned?.timeoutMinutes} minutes.`);
        this.#cancelJob(job);
      }
    }
    for (const runner of [...this.#parts.store.runners.values()]) {
      const openedAt = this.sessions.openedAt(runner);
      const limit = openedAt === undefined ? unconnectedMs : this.#parts.idleRemovalMs;
      if (!this.busy(runner) && now - (openedAt ?? runner.createdAt.getTime()) >= limit) this.remove(runner);
    }
  }

  #abandon(job: Job, conclusion: Conclusion): void {
    this.#complete(job, conclusion);
    this.#advance(job.run);
  }

  #annotate(job: Job, message: string): void {
    job.annotations.push({ level: "FAILURE", message });
  }

  #advance(run: Run): void {
    for (let fresh = this.#parts.planner.next(run); fresh.length > 0; fresh = this.#parts.planner.next(run)) {
      this.#take(fresh);
    }
    this.#settleRun(run);
    this.#assignments.match();
  }

  /** Takes new jobs in, and tells of them. */
  #take(fresh: Job[]): void {
    for (const job of fresh) {
      this.jobs.set(job.id, job);
      this.#byBackendId.set(job.backendId, job);
      if (job.status === "queued") this.#assignments.enqueue(job);
      this.#changed(job, job.status === "completed" ? "completed" : "queued");
    }
  }

  #settleRun(run: Run): void {
    const before = run.status;
    Object.assign(run, runOutcome(run), { updatedAt: this.#parts.clock() });
    if (run.status === before || run.status === "queued") return;
    this.#parts.events.emit({ type: "run", action: run.status, run: runView(run) });
  }

  #cancelJob(job: Job): void {
    if (job.cancelledAt || job.status === "completed") return;
    job.cancelledAt = this.#parts.clock();
    if (job.status === "in_progress") this.#sendCancellation(job);
    else this.#complete(job, "cancelled");
  }

  #sendCancellation(job: Job): void {
    const runner = job.runner && this.#parts.store.runners.get(job.runner.id);
    if (runner) this.#assignments.sendCancellation(job, runner);
  }

  #complete(job: Job, conclusion: Conclusion): void {
    if (job.status === "completed") return;
    Object.assign(job, { status: "completed", conclusion, completedAt: this.#parts.clock() });
    this.#assignments.drop(job);
    if (job.lease) this.#parts.tokens.revoke(job.lease.githubToken);
    job.lease = undefined;
    this.#changed(job, "completed");
    // A JIT runner is good for one job.
    const runner = job.runner && this.#parts.store.runners.get(job.runner.id);
    if (runner) this.remove(runner);
    const group = job.run.groups.get(job.key);
    if (conclusion === "failure" && group?.failFast && !job.planned?.continueOnError) {
      this.#take(this.#parts.planner.cancelRest(job.run, [group]));
      for (const sibling of group.jobs) this.#cancelJob(sibling);
    }
  }

  #unfinished(run: Run): Job[] {
    return run.jobs.filter((job) => job.status !== "completed");
  }

  #assertUnfinished(run: Run): void {
    if (run.status === "completed") throw conflict("Cannot cancel a workflow run that is completed.");
  }

  #changed(job: Job, action: "queued" | "in_progress" | "completed"): void {
    this.#parts.notify(job, action);
    this.#parts.events.emit({ type: "job", action, job: jobView(job) });
  }

  #emitRunner(runner: Runner, action: "registered" | "online" | "offline" | "removed"): void {
    const view = runnerView(runner, { online: this.sessions.online(runner), busy: this.busy(runner) });
    this.#parts.events.emit({ type: "runner", action, runner: view });
  }
}
