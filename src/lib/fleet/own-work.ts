// What this process has done or begun, and a list read from Modal may not show yet. Not state that anything depends on:
// it only keeps a controller from getting in its own way, and is empty after a restart.
import type { Outcome } from "./act.ts";
import type { Decision } from "./decision.ts";
import type { FailedStart, FleetSandbox, Job, Snapshot, StartingSandbox } from "./snapshot.ts";

/** How long an own write outranks what a list says. Lists of Modal have no documented lag; this is ample. */
const memoryMs = 30_000;
/** How long to remember that a job was heard to have got on: late news of it being queued is then looked up. */
const newsMs = 10 * 60_000;

/** How long a job that was put off is decided about along with the news of others; reconcile sees to it in any case. */
const waitingMs = 10 * 60_000;

/** How long a start that failed is remembered; longer than the longest wait between two tries. */
const failureMs = 60 * 60_000;

type Assignment = Pick<FleetSandbox, "jobId" | "runId" | "repository" | "busy">;

export class OwnWork {
  readonly #starting = new Set<StartingSandbox>();
  readonly #assigned = new Map<string, { at: number; assignment: Assignment }>();
  readonly #ending = new Map<string, { until: number }>();
  readonly #writes = new Map<string, Promise<unknown>>();
  readonly #gotOn = new Map<number, { at: number }>();
  readonly #failed = new Map<string, FailedStart>();
  readonly #waiting = new Map<number, { at: number; job: Job }>();

  /** Sandboxes that are being created now. */
  starting(): StartingSandbox[] {
    return [...this.#starting];
  }

  /** Notes a Sandbox that is being created. @returns a function to call once it is there or is not to be */
  start(entry: StartingSandbox): () => void {
    this.#starting.add(entry);
    return () => void this.#starting.delete(entry);
  }

  /** Jobs that had to be put off for want of room, in the order in which that happened. */
  waiting(now: number): Job[] {
    for (const [id, { at }] of this.#waiting) if (now - at > waitingMs) this.#waiting.delete(id);
    return [...this.#waiting.values()].map(({ job }) => job);
  }

  /** Starts that failed lately, for want of an Image, a Secret or a machine. */
  failed(now: number): FailedStart[] {
    for (const [key, { at }] of this.#failed) if (now - at > failureMs) this.#failed.delete(key);
    return [...this.#failed.values()];
  }

  #noteStart(
    decision: Extract<Decision, { action: "spawn" | "warm" }>,
    outcome: Outcome | undefined,
    now: number,
  ): void {
    const jobId = decision.action === "spawn" ? decision.job.id : 0;
    const key = `${jobId} ${decision.pool}`;
    // GitHub's refusals have their own times to wait; a place that another controller took is no failure.
    if (outcome?.done) this.#failed.delete(key);
    else if (outcome === undefined || outcome.reason === "defer:modal-unavailable") {
      const count = (this.#failed.get(key)?.count ?? 0) + 1;
      this.#failed.set(key, { jobId, pool: decision.pool, count, at: now });
    }
  }

  /**
   * Notes what a decision is about to change.
   * @returns a function to call with the outcome when it is there (undefined: it threw), and the time of that
   */
  begin(decision: Decision, now: number): (outcome: Outcome | undefined, now: number) => void {
    if (decision.action === "assign") {
      const { job, busy, sandbox } = decision;
      const assignment = { jobId: job.id, runId: job.runId, repository: job.repository, busy };
      this.#assigned.set(sandbox.id, { at: now, assignment });
    }
    if ("job" in decision) this.#noteWaiting(decision, now);
    if (decision.action === "spawn" || decision.action === "warm") {
      return (outcome, endedAt) => this.#noteStart(decision, outcome, endedAt);
    }
    if (decision.action !== "terminate" && decision.action !== "finish") return () => undefined;
    const { id } = decision.sandbox;
    this.#ending.set(id, { until: Number.POSITIVE_INFINITY });
    return (outcome, endedAt) => {
      if (outcome?.done && outcome.reason !== "keep:busy") this.#ending.set(id, { until: endedAt + memoryMs });
      else this.#ending.delete(id);
    };
  }

  #noteWaiting(decision: Extract<Decision, { job: unknown }>, now: number): void {
    if (decision.action === "none" && decision.reason.endsWith("-at-capacity")) {
      if (!this.#waiting.has(decision.job.id)) this.#waiting.set(decision.job.id, { at: now, job: decision.job });
    } else this.#waiting.delete(decision.job.id);
  }

  /** Writes one Sandbox's tags in the order of the decisions: two that travelled at once could arrive the wrong way round. */
  inOrder<T>(sandboxId: string, write: () => Promise<T>): Promise<T> {
    const before = this.#writes.get(sandboxId) ?? Promise.resolve();
    const own = before.then(write);
    const over = own.then(
      () => undefined,
      () => undefined,
    );
    this.#writes.set(sandboxId, over);
    void over.then(() => {
      if (this.#writes.get(sandboxId) === over) this.#writes.delete(sandboxId);
    });
    return own;
  }

  /** Takes note of news of a job. @returns whether later news of the same job came before */
  hear(job: Pick<Job, "id" | "status">, now: number): boolean {
    for (const [id, { at }] of this.#gotOn) if (now - at > newsMs) this.#gotOn.delete(id);
    if (job.status === "in_progress" || job.status === "completed") {
      this.#gotOn.set(job.id, { at: now });
      this.#waiting.delete(job.id);
    }
    return job.status === "queued" && this.#gotOn.has(job.id);
  }

  /** Whether it was heard that the job found a runner or ended. */
  hasGotOn(jobId: number): boolean {
    return this.#gotOn.has(jobId);
  }

  /** Mixes own work into Sandboxes as a list told them. */
  apply(listed: readonly FleetSandbox[], now: number): Pick<Snapshot, "sandboxes" | "ending"> {
    for (const [id, { at }] of this.#assigned) if (now - at > memoryMs) this.#assigned.delete(id);
    for (const [id, { until }] of this.#ending) if (now > until) this.#ending.delete(id);
    const sandboxes = listed.map((sandbox) => ({ ...sandbox, ...this.#assigned.get(sandbox.id)?.assignment }));
    return { sandboxes, ending: [...this.#ending.keys()] };
  }
}
