// GitHub: jobs, runner registrations, which runner gets which job, and what REST tells of it, sooner or later.
import { NameTaken } from "../../src/lib/fleet/ports.ts";
import type { Job, Registration } from "../../src/lib/fleet/snapshot.ts";
import { Matching } from "./matching.ts";
import type { ModelJob, ModelRunner, RunnerProcess } from "./observer.ts";
import { type JobPlan, unseenRepository } from "./scenario.ts";
import type { World } from "./world.ts";

/** As long as GitHub needs to see that a runner with a job is gone. */
const lostContactMs = [5 * 60_000, 12 * 60_000] as const;
/** How old a stale answer may be. */
const stalenessMs = { jobs: 60_000, runners: 30_000 };

export class GitHubModel {
  readonly jobs = new Map<number, ModelJob>();
  /** Those that are registered now. */
  readonly runners = new Map<number, ModelRunner>();
  readonly unfinished = new Set<ModelJob>();
  readonly #world: World;
  readonly #emit: (job: Job) => void;
  readonly #names = new Set<string>();
  readonly #matching: Matching;
  /** Removed or finished lately, for answers that are not up to date. */
  #removedLately: ModelRunner[] = [];
  #finishedLately: ModelJob[] = [];
  #nextId = 1;

  /** @param emit sends a webhook */
  constructor(world: World, emit: (job: Job) => void) {
    this.#world = world;
    this.#emit = emit;
    this.#matching = new Matching(world);
  }

  // Jobs

  add(plan: JobPlan): void {
    const { now } = this.#world.clock;
    const job: Job = {
      id: plan.id,
      runId: plan.id + 1_000_000,
      runAttempt: 1,
      repository: plan.repository,
      name: `job ${plan.id}`,
      labels: plan.labels,
      status: plan.approvalMs > 0 ? "waiting" : "queued",
      conclusion: null,
      runnerName: null,
      createdAt: now,
      htmlUrl: "",
    };
    const model: ModelJob = { plan, job, history: [], queuedAt: now, runner: undefined };
    this.jobs.set(plan.id, model);
    this.unfinished.add(model);
    this.#become(model, job);
    if (job.status === "queued") this.#queue(model);
    else this.#world.clock.after(plan.approvalMs, () => this.#approve(model));
  }

  #approve(model: ModelJob): void {
    if (model.job.status !== "waiting") return;
    this.#become(model, { ...model.job, status: "queued" });
    this.#queue(model);
  }

  #queue(model: ModelJob): void {
    const { clock, random, observer, has } = this.#world;
    model.queuedAt = clock.now;
    this.#matching.queue(model);
    observer.queued(model);
    clock.after(random.between(200, 1_500), () => this.#tryJob(model));
    const { cancelAfterMs } = model.plan;
    if (cancelAfterMs !== undefined) clock.after(cancelAfterMs, () => this.cancel(model));
    if (has("foreign-runners") && random.chance(0.05)) {
      clock.after(random.between(0, 40_000), () => {
        if (model.job.status !== "queued") return;
        this.#start(model, `theirs-${model.plan.id}`);
        clock.after(model.plan.durationMs, () => this.#complete(model, "success"));
      });
    }
  }

  /** Somebody cancels the job: at once where no runner has it yet, else when the runner has stopped. */
  cancel(model: ModelJob): void {
    if (model.job.status === "completed") return;
    if (model.job.status === "in_progress") model.runner?.process?.cancel();
    else this.#complete(model, "cancelled");
  }

  #become(model: ModelJob, job: Job): void {
    const { clock, trace } = this.#world;
    model.job = job;
    model.history.push({ at: clock.now, job });
    const by = job.runnerName === null ? "" : ` by ${job.runnerName}`;
    trace.add(clock.now, `job ${job.id} is ${job.status}${job.conclusion ? ` (${job.conclusion})` : ""}${by}`, [
      job.id,
      ...(job.runnerName === null ? [] : [job.runnerName]),
    ]);
    if (job.repository !== unseenRepository) this.#emit(job);
  }

  #start(model: ModelJob, runnerName: string): void {
    this.#matching.unqueue(model);
    this.#become(model, { ...model.job, status: "in_progress", runnerName });
    this.#world.observer.pickedUp(model, model.runner?.process?.sandbox);
  }

  #complete(model: ModelJob, conclusion: string): void {
    if (model.job.status === "completed") return;
    this.#matching.unqueue(model);
    this.unfinished.delete(model);
    this.#finishedLately.push(model);
    this.#become(model, { ...model.job, status: "completed", conclusion });
    this.#world.observer.completed(model);
  }

  // Runners, seen from their own side

  /** @returns whether the registration still exists */
  connect(registrationId: number, process: RunnerProcess): boolean {
    const { clock, random, has } = this.#world;
    const runner = this.runners.get(registrationId);
    if (!runner) return false;
    runner.process = process;
    runner.onlineAt = clock.now;
    if (has("registrations-vanish")) {
      clock.after(random.between(2, 60) * 60_000, () => {
        if (!runner.job && runner.offlineAt === undefined && has("registrations-vanish")) this.#remove(runner);
      });
    }
    return true;
  }

  /** The runner begins to wait for jobs. */
  listen(registrationId: number): void {
    const { clock, random } = this.#world;
    const runner = this.runners.get(registrationId);
    if (!runner) return;
    this.#matching.addIdle(runner);
    clock.after(random.between(200, 1_500), () => this.#tryRunner(runner));
  }

  finishJob(registrationId: number, conclusion: string): void {
    const runner = this.runners.get(registrationId);
    if (!runner?.job) return;
    this.#complete(runner.job, conclusion);
    runner.job = undefined;
    // The registration was for one job.
    this.#remove(runner);
  }

  disconnect(registrationId: number): void {
    const { clock, random } = this.#world;
    const runner = this.runners.get(registrationId);
    if (!runner) return;
    runner.offlineAt = clock.now;
    runner.process = undefined;
    this.#matching.removeIdle(runner);
    const { job } = runner;
    if (!job) return;
    clock.after(random.between(...lostContactMs), () => {
      this.#complete(job, "failure");
      runner.job = undefined;
      if (random.chance(0.5)) this.#remove(runner);
    });
  }

  #tryJob(model: ModelJob): void {
    const runner = model.job.status === "queued" ? this.#matching.runnerFor(model) : undefined;
    if (runner) this.#give(model, runner);
  }

  #tryRunner(runner: ModelRunner): void {
    if (runner.job || runner.removedAt !== undefined || !runner.process) return;
    const job = this.#matching.jobFor(runner);
    if (job) this.#give(job, runner);
  }

  #give(model: ModelJob, runner: ModelRunner): void {
    this.#matching.removeIdle(runner);
    runner.job = model;
    runner.busyAt = this.#world.clock.now;
    model.runner = runner;
    runner.process?.take(model);
    this.#start(model, runner.name);
  }

  #remove(runner: ModelRunner): void {
    const { clock, trace } = this.#world;
    if (runner.removedAt !== undefined) return;
    runner.removedAt = clock.now;
    this.runners.delete(runner.id);
    this.#names.delete(runner.name);
    this.#removedLately.push(runner);
    this.#matching.removeIdle(runner);
    trace.add(clock.now, `registration of ${runner.name} is removed`, [runner.name]);
    runner.process?.registrationGone();
  }

  // REST

  mint(name: string, labels: readonly string[], repository: string | null): ModelRunner {
    if (this.#names.has(name)) throw new NameTaken(`a runner ${name} is registered`);
    const runner: ModelRunner = {
      id: this.#nextId++,
      name,
      labels: labels.map((label) => label.toLowerCase()),
      repository,
      createdAt: this.#world.clock.now,
      onlineAt: undefined,
      offlineAt: undefined,
      removedAt: undefined,
      job: undefined,
      busyAt: undefined,
      process: undefined,
    };
    this.#names.add(name);
    this.runners.set(runner.id, runner);
    return runner;
  }

  deregister(id: number): "removed" | "absent" | "busy" {
    const runner = this.runners.get(id);
    if (!runner) return "absent";
    if (runner.job) return "busy";
    this.#world.observer.deregistered(runner);
    this.#remove(runner);
    return "removed";
  }

  registration(id: number): Registration | undefined {
    const runner = this.runners.get(id);
    return runner && this.#shown(runner, this.#world.clock.now);
  }

  registrations(): Registration[] {
    const at = this.#lookBack(stalenessMs.runners);
    const oldest = this.#world.clock.now - stalenessMs.runners;
    this.#removedLately = this.#removedLately.filter((runner) => (runner.removedAt ?? 0) >= oldest);
    const { has, random } = this.#world;
    const shown = [...this.runners.values(), ...this.#removedLately]
      .filter((runner) => runner.createdAt <= at && (runner.removedAt === undefined || runner.removedAt > at))
      .map((runner) => this.#shown(runner, at));
    // While it is read, runners that are done make room, and others move past the end of a page.
    if (shown.length > 0 && has("pages-shift") && random.chance(0.3))
      shown.splice(random.whole(0, shown.length - 1), 1);
    return shown;
  }

  #shown(runner: ModelRunner, at: number): Registration {
    const { has, random } = this.#world;
    const online = isPast(runner.onlineAt, at) && !isPast(runner.offlineAt, at);
    const busy = isPast(runner.busyAt, at) && runner.job !== undefined;
    const isLie = busy && has("busy-lies") && random.chance(0.3);
    return { id: runner.id, name: runner.name, online, busy: busy && !isLie, repository: runner.repository };
  }

  job(id: number): Job | undefined {
    const model = this.jobs.get(id);
    return model && model.plan.repository !== unseenRepository
      ? stateAt(model, this.#lookBack(stalenessMs.jobs))
      : undefined;
  }

  unfinishedJobs(repositories: readonly string[]): Job[] {
    const at = this.#lookBack(stalenessMs.jobs);
    const oldest = this.#world.clock.now - stalenessMs.jobs;
    this.#finishedLately = this.#finishedLately.filter((model) => (model.history.at(-1)?.at ?? 0) >= oldest);
    const wanted = new Set(repositories);
    return [...this.unfinished, ...this.#finishedLately]
      .filter((model) => wanted.has(model.plan.repository) && model.plan.repository !== unseenRepository)
      .map((model) => stateAt(model, at))
      .filter((job) => job !== undefined && job.status !== "completed") as Job[];
  }

  /** The moment of which an answer tells. */
  #lookBack(longest: number): number {
    const { clock, random, has } = this.#world;
    return clock.now - (has("stale-reads") && random.chance(0.5) ? random.between(0, longest) : 0);
  }
}

function isPast(moment: number | undefined, now: number): boolean {
  return moment !== undefined && moment <= now;
}

function stateAt(model: ModelJob, at: number): Job | undefined {
  return model.history.findLast((entry) => entry.at <= at)?.job;
}
