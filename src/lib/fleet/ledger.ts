// A copy of the fleet that `decide` changes while it decides, so that each decision sees the ones before it.
import { parseSandboxName, sandboxName, warmSandboxName } from "./names.ts";
import { type FleetSandbox, type Job, runnersAtWork, type Snapshot, type StartingSandbox } from "./snapshot.ts";

function startingName({ jobId, attempt, pool }: StartingSandbox): string {
  return jobId === 0 ? warmSandboxName(pool, attempt) : sandboxName(jobId, attempt);
}

export class Ledger {
  readonly sandboxes: FleetSandbox[];
  readonly #starting: StartingSandbox[];
  readonly #alive: readonly FleetSandbox[];
  readonly #atWork: ReadonlySet<string>;
  readonly #robbed = new Map<number, string>();

  constructor(snapshot: Snapshot) {
    this.sandboxes = snapshot.sandboxes
      .filter((sandbox) => !snapshot.ending.includes(sandbox.id))
      .map((sandbox) => ({ ...sandbox }));
    // One that is being created may be listed already; it counts once.
    this.#starting = snapshot.starting.filter(
      (entry) => !snapshot.sandboxes.some(({ name }) => name === startingName(entry)),
    );
    this.#alive = snapshot.sandboxes;
    this.#atWork = runnersAtWork(snapshot.registrations);
  }

  /** The Sandbox whose runner has this name. GitHub's word on which runner took which job is found by nothing else. */
  byRunner(name: string | null): FleetSandbox | undefined {
    return name === null ? undefined : this.sandboxes.find((sandbox) => sandbox.runnerName === name);
  }

  /**
   * Whether the Sandbox waits for its job. It does not once its runner has one, be it a job of which nothing is heard.
   */
  isWaiting(sandbox: FleetSandbox): boolean {
    return !sandbox.busy && !this.#atWork.has(sandbox.runnerName);
  }

  /** Sandboxes that are meant for the job, those at work included. */
  forJob(jobId: number): FleetSandbox[] {
    return this.sandboxes.filter((sandbox) => sandbox.jobId === jobId);
  }

  /** Whether a Sandbox is being created for the job at this moment. */
  isStarting(jobId: number): boolean {
    return this.#starting.some((entry) => entry.jobId === jobId);
  }

  /** Notes that the job's runner was found busy by this look, be it with this job or with another. */
  rob(jobId: number, runnerName: string): void {
    this.#robbed.set(jobId, runnerName);
  }

  /** The runner that was made for the job and was found busy by this look. */
  robbedOf(jobId: number): string | undefined {
    return this.#robbed.get(jobId);
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

  /** Sandboxes alive or being created that match. One that is about to end counts until it has. */
  count(matches: (entry: { pool: string; repository: string; jobId: number }) => boolean = () => true): number {
    return this.#alive.filter(matches).length + this.#starting.filter(matches).length;
  }

  /** Sandboxes of the pool that are kept ready, or are being created to be. */
  countReady(pool: string): number {
    const isReady = (entry: { pool: string; jobId: number }) => entry.pool === pool && entry.jobId === 0;
    return (
      this.sandboxes.filter((sandbox) => isReady(sandbox) && this.isWaiting(sandbox)).length +
      this.#starting.filter(isReady).length
    );
  }

  /** The smallest number that no Sandbox of the pool that is kept ready has in its name. */
  nextWarmSlot(pool: string): number {
    const names = [...this.#alive.map(({ name }) => name), ...this.#starting.map(startingName)];
    for (let slot = 1; ; slot++) if (!names.includes(warmSandboxName(pool, slot))) return slot;
  }

  /** 1 for a job's first Sandbox; more while earlier ones live on for other jobs and so hold the job's name. */
  nextAttempt(jobId: number): number {
    const names = this.#alive.map((sandbox) => parseSandboxName(sandbox.name));
    const attempts = names.filter((name) => name?.jobId === jobId).map((name) => name?.attempt ?? 0);
    return Math.max(0, ...attempts) + 1;
  }
}
