// A copy of the fleet that `decide` changes while it decides, so that each decision sees the ones before it.
import { parseSandboxName, sandboxName } from "./names.ts";
import type { FleetSandbox, Job, Snapshot, StartingSandbox } from "./snapshot.ts";

export class Ledger {
  readonly sandboxes: FleetSandbox[];
  readonly #starting: StartingSandbox[];
  readonly #alive: readonly FleetSandbox[];

  constructor(snapshot: Snapshot) {
    this.sandboxes = snapshot.sandboxes
      .filter((sandbox) => !snapshot.ending.includes(sandbox.id))
      .map((sandbox) => ({ ...sandbox }));
    // One that is being created may be listed already; it counts once.
    this.#starting = snapshot.starting.filter(
      (entry) => !snapshot.sandboxes.some(({ name }) => name === sandboxName(entry.jobId, entry.attempt)),
    );
    this.#alive = snapshot.sandboxes;
  }

  /** The Sandbox whose runner has this name. GitHub's word on which runner took which job is found by nothing else. */
  byRunner(name: string | null): FleetSandbox | undefined {
    return name === null ? undefined : this.sandboxes.find((sandbox) => sandbox.runnerName === name);
  }

  /** Sandboxes that are meant for the job, the busy one included. */
  forJob(jobId: number): FleetSandbox[] {
    return this.sandboxes.filter((sandbox) => sandbox.jobId === jobId);
  }

  /** Whether a Sandbox is being created for the job at this moment. */
  isStarting(jobId: number): boolean {
    return this.#starting.some((entry) => entry.jobId === jobId);
  }

  assign(sandbox: FleetSandbox, job: Pick<Job, "id" | "runId" | "repository">, busy: boolean): void {
    sandbox.jobId = job.id;
    sandbox.runId = job.runId;
    sandbox.repository = job.repository;
    sandbox.busy = busy;
  }

  remove(sandbox: FleetSandbox): void {
    this.sandboxes.splice(this.sandboxes.indexOf(sandbox), 1);
  }

  /** Counts a Sandbox that was just decided on. */
  reserve(entry: StartingSandbox): void {
    this.#starting.push(entry);
  }

  /** Sandboxes alive or being created: all, or those of one pool. One that is about to end counts until it has. */
  count(pool?: string): number {
    const isCounted = (entry: { pool: string }) => pool === undefined || entry.pool === pool;
    return this.#alive.filter(isCounted).length + this.#starting.filter(isCounted).length;
  }

  /** 1 for a job's first Sandbox; more while earlier ones live on for other jobs and so hold the job's name. */
  nextAttempt(jobId: number): number {
    const names = this.#alive.map((sandbox) => parseSandboxName(sandbox.name));
    const attempts = names.filter((name) => name?.jobId === jobId).map((name) => name?.attempt ?? 0);
    return Math.max(0, ...attempts) + 1;
  }
}
