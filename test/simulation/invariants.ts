// What must always hold, whatever goes wrong. Each is checked at the very event that could break it, or when it is due.
import type { FleetSandbox } from "../../src/lib/fleet/snapshot.ts";
import type { Bounds } from "./bounds.ts";
import type { Clock } from "./clock.ts";
import type { Outage } from "./faults.ts";
import type { ModelJob, ModelRunner, ModelSandbox, Observer } from "./observer.ts";
import { Room } from "./room.ts";
import { type JobPlan, repositories, type Scenario } from "./scenario.ts";

/** Longer than a decision can be older than the Sandbox that comes of it: a GPU takes minutes to start. */
const longSeenMs = 8 * 60_000;

export const invariantNames = {
  served: "every admitted job gets a runner within the bound that its faults allow",
  "two-sandboxes": "no job has two living Sandboxes for longer than it takes to see it",
  limit: "no limit is ever exceeded",
  "running-killed": "no runner with a job is ever ended or deregistered by the fleet",
  isolation: "a stranger's job runs in an isolated Sandbox alone",
  "left-over": "nothing is left of a job that is over",
  admission: "only admitted jobs get a Sandbox, and one of the right pool",
  budget: "calls to GitHub and Modal stay within a budget",
  bug: "no error but an outage is ever thrown",
} as const;
export type InvariantName = keyof typeof invariantNames;

/** Something that must hold does not. */
export class Violation extends Error {
  override name = "Violation";
  readonly invariant: InvariantName;
  readonly at: number;
  readonly about: readonly (string | number)[];
  constructor(invariant: InvariantName, message: string, at: number, about: readonly (string | number)[]) {
    super(message);
    this.invariant = invariant;
    this.at = at;
    this.about = about;
  }
}

export class Invariants implements Observer {
  readonly room: Room;
  readonly waitsMs: number[] = [];
  /** How near a run came to its bounds: the longest that was seen of each, in milliseconds. */
  readonly longest = { delay: 0, twoSandboxes: 0, leftOver: 0 };
  readonly #clock: Clock;
  readonly #plans: Map<number, JobPlan>;
  readonly #bounds: Bounds;
  readonly #outages: readonly Outage[];
  readonly #waiting = new Map<string, Set<ModelJob>>();
  /** Since when jobs have waited without a Sandbox that is meant for them. */
  readonly #waitingIds = new Set<number>();
  readonly #unprovidedSince = new Map<number, number>();
  readonly #byJob = new Map<number, Set<ModelSandbox>>();
  readonly #pairSince = new Map<number, number>();
  readonly #overAt = new Map<number, number>();
  readonly #movedTo = new Map<string, number[]>();
  /** Living Sandboxes, and when they came to be. */
  readonly #alive = new Map<ModelSandbox, number>();
  readonly #killed = new Set<ModelSandbox>();
  readonly #maxRunners: Map<string, number>;

  constructor(clock: Clock, scenario: Scenario, bounds: Bounds, outages: readonly Outage[]) {
    this.#outages = outages;
    this.#clock = clock;
    this.#plans = new Map(scenario.jobs.map((job) => [job.id, job]));
    this.#bounds = bounds;
    this.#maxRunners = new Map(scenario.policy.pools.map((pool) => [pool.name, pool.maxRunners]));
    this.room = new Room(scenario.policy, repositories, clock.now);
  }

  queued(job: ModelJob): void {
    const { pool, repository } = job.plan;
    if (pool === undefined) return;
    if (!this.#byJob.has(job.plan.id)) this.#unprovidedSince.set(job.plan.id, this.#clock.now);
    const key = `${pool}|${repository}`;
    const jobs = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, jobs.add(job));
    this.#waitingIds.add(job.plan.id);
  }

  pickedUp(job: ModelJob, sandbox: ModelSandbox | undefined): void {
    if (job.plan.isForkPullRequest && sandbox && !sandbox.view.isIsolated) {
      this.#violate(
        "isolation",
        `job ${job.plan.id} of a fork runs in ${sandbox.view.id}, made for another`,
        sandbox.view,
      );
    }
    // Whatever its tags say, it waits for its own job no more.
    if (job.plan.pool === undefined && sandbox) this.#unbind(sandbox, sandbox.view.jobId);
    this.waitsMs.push(this.#clock.now - job.queuedAt);
    this.#stopWaiting(job);
  }

  completed(job: ModelJob): void {
    const { id } = job.plan;
    this.#stopWaiting(job);
    this.#overAt.set(id, this.#clock.now);
    for (const sandbox of this.#byJob.get(id) ?? []) this.#watchLeftOver(sandbox);
  }

  created(sandbox: ModelSandbox): void {
    const { view } = sandbox;
    this.checkWaiting();
    for (const other of this.#alive.keys()) {
      if (other.view.name !== view.name) continue;
      this.#violate("two-sandboxes", `${view.id} has the name of ${other.view.id}, which is alive`, view);
    }
    this.#checkRoomBefore(view);
    this.#alive.set(sandbox, this.#clock.now);
    this.room.add(view, this.#clock.now, 1);
    this.#checkLimits(view);
    const plan = this.#plans.get(view.jobId);
    if (view.jobId !== 0 && plan?.pool !== view.pool) {
      this.#violate("admission", `job ${view.jobId} is to be served by ${plan?.pool ?? "nobody"}`, view);
    }
    this.#bind(sandbox);
  }

  retagged(sandbox: ModelSandbox, before: FleetSandbox): void {
    this.room.add(before, this.#clock.now, -1);
    this.room.add(sandbox.view, this.#clock.now, 1);
    if (before.jobId === sandbox.view.jobId) return;
    if (before.jobId === 0 || before.repository !== sandbox.view.repository) {
      const moments = this.#movedTo.get(sandbox.view.repository) ?? [];
      this.#movedTo.set(sandbox.view.repository, [...moments.slice(-20), this.#clock.now]);
    }
    this.#unbind(sandbox, before.jobId);
    this.#bind(sandbox);
  }

  ended(sandbox: ModelSandbox): void {
    this.#alive.delete(sandbox);
    if (sandbox.running && this.#killed.has(sandbox)) {
      this.#violate("running-killed", `${sandbox.view.runnerName} took job ${sandbox.running.plan.id}`, sandbox.view);
    }
    this.room.add(sandbox.view, this.#clock.now, -1);
    const overAt = this.#overAt.get(sandbox.view.jobId);
    if (overAt !== undefined) this.#saw("leftOver", this.#clock.now - Math.max(overAt, sandbox.taggedAt));
    this.#unbind(sandbox, sandbox.view.jobId);
  }

  terminated(sandbox: ModelSandbox): void {
    this.#killed.add(sandbox);
    const { running, view } = sandbox;
    if (!running) return;
    this.#violate("running-killed", `Sandbox ${view.id} is ended while it runs job ${running.plan.id}`, view, [
      running.plan.id,
    ]);
  }

  deregistered(runner: ModelRunner): void {
    if (!runner.job) return;
    const message = `${runner.name} is deregistered while it runs job ${runner.job.plan.id}`;
    throw new Violation("running-killed", message, this.#clock.now, [runner.name, runner.job.plan.id]);
  }

  /** Who has waited longest, of each kind? To be called now and then, and before anything changes. */
  checkWaiting(): void {
    for (const jobs of this.#waiting.values()) {
      for (const job of jobs) {
        if (!this.#unprovidedSince.has(job.plan.id)) continue;
        this.#checkServed(job);
        break;
      }
    }
  }

  #checkServed({ plan: { id, pool = "", repository } }: ModelJob): void {
    const since = this.room.since(pool, repository);
    const waitsSince = this.#unprovidedSince.get(id);
    if (since === undefined || waitsSince === undefined) return;
    const delay = this.#clock.now - Math.max(since, waitsSince);
    this.#saw("delay", delay);
    if (delay <= this.#bounds.delayMs) return;
    const allowed = seconds(this.#bounds.delayMs);
    const message = `job ${id} was ${seconds(delay)} without a Sandbox while there was room; ${allowed} are allowed`;
    throw new Violation("served", message, this.#clock.now, [id, ...this.#namesOf(id)]);
  }

  #stopWaiting(job: ModelJob): void {
    const { id, pool, repository } = job.plan;
    this.#waiting.get(`${pool}|${repository}`)?.delete(job);
    this.#waitingIds.delete(id);
    this.#unprovidedSince.delete(id);
  }

  #bind(sandbox: ModelSandbox): void {
    const { jobId } = sandbox.view;
    if (jobId === 0) return;
    const bound = this.#byJob.get(jobId) ?? new Set();
    this.#byJob.set(jobId, bound.add(sandbox));
    if (this.#overAt.has(jobId)) this.#watchLeftOver(sandbox);
    this.#unprovidedSince.delete(jobId);
    if (bound.size < 2) return;
    if (bound.size === 2) this.#pairSince.set(jobId, this.#clock.now);
    const pair = [...bound].slice(-2);
    const { twoSandboxesMs } = this.#bounds;
    this.#afterUptime(twoSandboxesMs, () => {
      if (!pair.every((one) => one.endedAt === undefined && one.view.jobId === jobId)) return;
      if (pair.some((one) => one.taggedAt > this.#clock.now - twoSandboxesMs)) return;
      const ids = pair.map((one) => one.view.id).join(" and ");
      this.#violate("two-sandboxes", `job ${jobId} has Sandboxes ${ids} for ${seconds(twoSandboxesMs)}`, sandbox.view);
    });
  }

  #unbind(sandbox: ModelSandbox, jobId: number): void {
    const bound = this.#byJob.get(jobId);
    if (!bound?.delete(sandbox)) return;
    if (bound.size === 1) this.#saw("twoSandboxes", this.#clock.now - (this.#pairSince.get(jobId) ?? this.#clock.now));
    if (bound.size > 0) return;
    this.#byJob.delete(jobId);
    if (this.#waitingIds.has(jobId)) this.#unprovidedSince.set(jobId, this.#clock.now);
  }

  #saw(what: keyof Invariants["longest"], milliseconds: number): void {
    this.longest[what] = Math.max(this.longest[what], milliseconds);
  }

  #watchLeftOver(sandbox: ModelSandbox): void {
    const { jobId } = sandbox.view;
    const { taggedAt } = sandbox;
    this.#afterUptime(this.#bounds.leftOverMs, () => {
      const isOther = sandbox.endedAt !== undefined || sandbox.view.jobId !== jobId || sandbox.taggedAt !== taggedAt;
      if (isOther || sandbox.running) return;
      this.#violate(
        "left-over",
        `Sandbox ${sandbox.view.id} is still there for job ${jobId}, which is over`,
        sandbox.view,
      );
    });
  }

  #checkLimits(view: FleetSandbox): void {
    const exceeded = this.room.exceeded(view);
    if (!exceeded) return;
    const since = this.#clock.now - this.#bounds.unseenMs;
    // A runner that is handed over counts for the repository that gets it, even if that has all it may have.
    const movedLately = (this.#movedTo.get(view.repository) ?? []).filter((at) => at >= since).length;
    if (exceeded.by <= movedLately) return;
    // Tags may lag behind what runs, when writing them failed; what a controller knows better, it may go by.
    const isOfRepository = exceeded.key === `repository ${view.repository}`;
    if (isOfRepository && this.#countOf(view.repository) <= this.room.count(exceeded.key) - exceeded.by) return;
    const { excessMs } = this.#bounds;
    if (excessMs === 0) this.#violate("limit", exceeded.message, view);
    // Each of two controllers counts its own: together they never have more than twice what is allowed.
    if (exceeded.by > exceeded.limit) this.#violate("limit", `${exceeded.message}, even for two controllers`, view);
    const first = this.room.exceededSince(exceeded.key);
    this.#afterUptime(excessMs, () => {
      if (this.room.exceededSince(exceeded.key) !== first) return;
      this.#violate("limit", `${exceeded.message}, and ${seconds(excessMs)} later still more than allowed`, view);
    });
  }

  /** Whoever decided on this Sandbox has seen those that were there long before: were they all that is allowed? */
  #checkRoomBefore(view: FleetSandbox): void {
    const limit = this.#maxRunners.get(view.pool) ?? 0;
    let count = 0;
    for (const [other, createdAt] of this.#alive) {
      if (other.view.pool === view.pool && this.#clock.now - createdAt > longSeenMs) count++;
    }
    if (count < limit) return;
    const message = `pool ${view.pool} has had ${count} of ${limit} for ${seconds(longSeenMs)}, and gets one more`;
    this.#violate("limit", message, view);
  }

  /** Sandboxes that run a job of the repository, or wait for one. */
  #countOf(repository: string): number {
    let count = 0;
    for (const { view, running } of this.#alive.keys()) {
      if (running ? running.plan.repository === repository : view.jobId !== 0 && view.repository === repository)
        count++;
    }
    return count;
  }

  /** Runs something after so many milliseconds in which both services could be reached, and a minute after each outage. */
  #afterUptime(milliseconds: number, run: () => void): void {
    const from = this.#clock.now;
    const check = () => {
      let up = this.#clock.now - from;
      for (const outage of this.#outages) {
        up -= Math.max(0, Math.min(this.#clock.now, outage.to + 60_000) - Math.max(from, outage.from));
      }
      if (up >= milliseconds) run();
      else this.#clock.after(milliseconds - up, check);
    };
    this.#clock.after(milliseconds, check);
  }

  #namesOf(jobId: number): string[] {
    return [...(this.#byJob.get(jobId) ?? [])].flatMap(({ view }) => [view.id, view.runnerName]);
  }

  #violate(invariant: InvariantName, message: string, view: FleetSandbox, more: number[] = []): never {
    const about = [view.id, view.name, view.jobId, view.runnerName, ...this.#namesOf(view.jobId), ...more];
    throw new Violation(invariant, message, this.#clock.now, about);
  }
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
