// One run: the hours with faults, the time until every job is done, and what is left after that.
import { parseRunnerName } from "../../src/lib/fleet/names.ts";
import type { Job } from "../../src/lib/fleet/snapshot.ts";
import { type Bounds, boundsFor } from "./bounds.ts";
import { checkBudget } from "./budget.ts";
import type { CallCounts } from "./calls.ts";
import { Clock } from "./clock.ts";
import { ControllerSeat, reconcileSeconds } from "./controller.ts";
import { type FaultName, planOutages } from "./faults.ts";
import { GitHubModel } from "./github.ts";
import { type GuardName, guardsWithout } from "./guards.ts";
import { Invariants, Violation } from "./invariants.ts";
import { ModalModel } from "./modal.ts";
import { Random } from "./random.ts";
import { startRunner } from "./runner.ts";
import { plan, type Scenario } from "./scenario.ts";
import { Trace } from "./trace.ts";
import { Webhooks } from "./webhooks.ts";
import type { World } from "./world.ts";

export interface Configuration {
  seed: number;
  jobs: number;
  /** During which jobs are queued and faults happen. */
  hours: number;
  faults: readonly FaultName[];
  /** Ids of the only jobs to queue; all where absent. */
  only?: readonly number[];
  /** A guard of the fleet's to take out. */
  without?: GuardName;
}

export interface Result {
  violation: Violation | undefined;
  /** When the run began, for times in a trace. */
  start: number;
  trace: Trace;
  /** Numbers for people. */
  summary: Record<string, number>;
  calls: CallCounts;
  /** Jobs that were queued. */
  ids: number[];
}

const start = Date.parse("2026-03-01T12:00:00Z");
const hourMs = 3_600_000;
/** Jobs that wait for others' room may take long after the last fault; longer than this, and something is stuck. */
const longestTailMs = 24 * hourMs;
/** A registration without a Sandbox is left alone for five minutes, by a stamp that is true to the minute. */
const newcomerMs = 6 * 60_000;

export async function simulate(configuration: Configuration, isTraced = false): Promise<Result> {
  const { seed, hours, faults } = configuration;
  const random = new Random(seed);
  const chosen = new Set(faults);
  const all = plan(random.fork("scenario"), configuration.jobs, hours, chosen);
  const only = configuration.only && new Set(configuration.only);
  const scenario: Scenario = { ...all, jobs: all.jobs.filter((job) => !only || only.has(job.id)) };
  const run = new Run(configuration, scenario, random, new Trace(isTraced));
  return run.result(await run.run());
}

class Run {
  readonly #configuration: Configuration;
  readonly #scenario: Scenario;
  readonly #clock = new Clock(start);
  readonly #trace: Trace;
  readonly #bounds: Bounds;
  readonly #invariants: Invariants;
  readonly #world: World;
  readonly #webhooks: Webhooks;
  readonly #github: GitHubModel;
  readonly #modal: ModalModel;
  readonly #counts: CallCounts = new Map();
  #bug: Violation | undefined;

  constructor(configuration: Configuration, scenario: Scenario, random: Random, trace: Trace) {
    this.#configuration = configuration;
    this.#scenario = scenario;
    this.#trace = trace;
    const { hours, faults, without } = configuration;
    const chosen = new Set(faults);
    const faultsEnd = start + hours * hourMs;
    this.#bounds = boundsFor(faults);
    const outages = chosen.has("outages") ? planOutages(random.fork("outages"), start, hours) : [];
    this.#invariants = new Invariants(this.#clock, scenario, this.#bounds, outages);
    this.#world = {
      clock: this.#clock,
      random: random.fork("models"),
      scenario,
      trace,
      has: (fault) => chosen.has(fault) && this.#clock.now < faultsEnd,
      outages,
      observer: this.#invariants,
    };
    const guards = guardsWithout(without);
    this.#webhooks = new Webhooks(this.#world);
    this.#github = new GitHubModel(this.#world, (job: Job) => this.#webhooks.emit(job));
    this.#modal = new ModalModel(
      this.#world,
      (sandbox) => startRunner(sandbox, this.#world, this.#github, this.#modal),
      guards.areNamesUnique,
    );
    const around = {
      world: this.#world,
      github: this.#github,
      modal: this.#modal,
      webhooks: this.#webhooks,
      counts: this.#counts,
      guards,
      onBug: (error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#bug ??= new Violation("bug", text, this.#clock.now, []);
      },
    };
    for (const name of chosen.has("two-controllers") ? ["a", "b"] : ["a"]) {
      this.#webhooks.add(new ControllerSeat(name, around));
    }
    for (const job of scenario.jobs) this.#clock.after(job.at, () => this.#github.add(job));
    for (const outage of this.#world.outages) this.#planOutage(outage);
    this.#watch();
  }

  async run(): Promise<Violation | undefined> {
    const { hours } = this.#configuration;
    const isBroken = () => this.#bug !== undefined;
    const until = (at: number, isOver = isBroken) => this.#clock.run(at, isOver);
    const faultsEnd = start + hours * hourMs;
    try {
      await until(faultsEnd);
      for (const job of [...this.#github.unfinished]) if (job.plan.pool === undefined) this.#github.cancel(job);
      await until(faultsEnd + longestTailMs, () => isBroken() || this.#isDone());
      if (!isBroken() && !this.#isDone()) {
        const ids = [...this.#github.unfinished].map((job) => job.plan.id);
        const message = `jobs ${ids.slice(0, 5).join(", ")} are not done a day after the last fault`;
        throw new Violation("served", message, this.#clock.now, ids.slice(0, 5));
      }
      const end = Math.max(this.#clock.now, faultsEnd);
      await until(end + 3 * reconcileSeconds * 1000 + 40_000);
      if (!isBroken()) this.#checkSandboxes();
      await until(end + 3 * reconcileSeconds * 1000 + newcomerMs);
      if (!isBroken()) this.#checkRegistrations();
      if (!isBroken()) checkBudget(this.#counts, this.#numbers(), this.#configuration.faults, this.#clock.now);
    } catch (error) {
      if (error instanceof Violation) return error;
      throw error;
    }
    return this.#bug;
  }

  result(violation: Violation | undefined): Result {
    const waits = this.#invariants.waitsMs.sort((a, b) => a - b);
    const waitAt = (share: number) => Math.round((waits[Math.floor((waits.length - 1) * share)] ?? 0) / 1000);
    return {
      violation,
      start,
      trace: this.#trace,
      calls: this.#counts,
      ids: this.#scenario.jobs.map((job) => job.id),
      summary: {
        ...this.#numbers(),
        p50: waitAt(0.5),
        p95: waitAt(0.95),
        longest: waitAt(1),
        ...inSeconds(this.#invariants.longest),
      },
    };
  }

  #numbers() {
    return {
      jobs: this.#scenario.jobs.length,
      served: this.#invariants.waitsMs.length,
      sandboxes: this.#modal.created,
      webhooks: this.#webhooks.sent,
      hours: (this.#clock.now - start) / hourMs,
    };
  }

  #isDone(): boolean {
    return this.#github.unfinished.size === 0;
  }

  /** Every ten seconds: who waits too long? */
  #watch(): void {
    this.#invariants.checkWaiting();
    this.#clock.after(10_000, () => this.#watch());
  }

  #planOutage({ from, to, service }: World["outages"][number]): void {
    const { clock, outages } = this.#world;
    const update = () => {
      // Work that fails during an outage is put off; the next look follows within a minute of its end.
      const isOpen = !outages.some((other) => other.from <= clock.now && clock.now < other.to + 60_000);
      this.#invariants.room.open(isOpen, clock.now);
    };
    clock.after(from - start, () => {
      this.#trace.add(clock.now, `${service} is down`);
      update();
    });
    clock.after(to - start, () => this.#trace.add(clock.now, `${service} is back`));
    clock.after(to - start + 60_000, update);
  }

  #checkSandboxes(): void {
    for (const { view } of this.#modal.alive.values()) {
      const least = this.#scenario.policy.pools.find((pool) => pool.name === view.pool)?.minIdle ?? 0;
      const ready = [...this.#modal.alive.values()].filter(
        (one) => one.view.jobId === 0 && one.view.pool === view.pool,
      );
      if (view.jobId === 0 && ready.length <= least) continue;
      const message = `Sandbox ${view.id} is still there, for job ${view.jobId}; all jobs are done`;
      throw new Violation("left-over", message, this.#clock.now, [view.id, view.jobId, view.runnerName]);
    }
  }

  #checkRegistrations(): void {
    const alive = new Set([...this.#modal.alive.values()].map(({ view }) => view.runnerName));
    for (const { name, createdAt } of this.#github.runners.values()) {
      // Runners that are kept ready go on coming and going.
      const isReady = parseRunnerName(name)?.jobId === 0 && this.#clock.now - createdAt < 2 * newcomerMs;
      if (alive.has(name) || isReady) continue;
      throw new Violation("left-over", `${name} is still registered, without a Sandbox`, this.#clock.now, [name]);
    }
  }
}

function inSeconds<K extends string>(milliseconds: Record<K, number>): Record<K, number> {
  const entries = Object.entries<number>(milliseconds).map(([key, value]) => [key, Math.round(value / 1000)]);
  return Object.fromEntries(entries) as Record<K, number>;
}
