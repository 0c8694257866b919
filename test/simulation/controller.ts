// A controller: the real loop and the real schedule, in virtual time. It may crash at any moment, and another takes its place.
import { record, recordFault } from "../../src/lib/controller/record.ts";
import { type Schedule, startSchedule } from "../../src/lib/controller/schedule.ts";
import { FleetLoop, type Step } from "../../src/lib/fleet/loop.ts";
import { type GitHub, type Modal, Unavailable } from "../../src/lib/fleet/ports.ts";
import type { Job } from "../../src/lib/fleet/snapshot.ts";
import type { Policy } from "../../src/lib/policy/schema.ts";
import { type CallCounts, Calls } from "./calls.ts";
import type { GitHubModel } from "./github.ts";
import type { Guards } from "./guards.ts";
import type { ModalModel } from "./modal.ts";
import { gitHubPort, modalPort } from "./ports.ts";
import type { Receiver, Webhooks } from "./webhooks.ts";
import type { World } from "./world.ts";

/** Seconds between two looks at the whole fleet. */
export const reconcileSeconds = 60;
/** The server has answered by then, whatever is still under way. */
const answeredMs = 8_000;

export interface Surroundings {
  world: World;
  github: GitHubModel;
  modal: ModalModel;
  webhooks: Webhooks;
  counts: CallCounts;
  guards: Guards;
  /** Told of an error that is no outage: a fault in the program. */
  onBug(error: unknown): void;
}

/** One place for a controller: whoever is there hears the webhooks. */
export class ControllerSeat implements Receiver {
  readonly #name: string;
  readonly #around: Surroundings;
  #generation = 0;
  #current: { loop: Pick<FleetLoop, "hear" | "reconcile">; schedule: Schedule; die(): void } | undefined;

  constructor(name: string, around: Surroundings) {
    this.#name = name;
    this.#around = around;
    this.#seat();
  }

  receive(job: Job, failed: () => void): boolean {
    const current = this.#current;
    if (!current) return false;
    const { clock } = this.#around.world;
    const { loop, schedule } = current;
    clock.wake();
    const generation = this.#generation;
    clock.after(answeredMs, () => {
      if (generation !== this.#generation && !isAnswered) failed();
    });
    let isAnswered = false;
    const heard = loop.hear(job).then(
      (steps) => Promise.all(steps.map((step) => record(step, schedule))),
      (error: unknown) => recordFault(error, schedule),
    );
    void heard.then(() => {
      isAnswered = true;
    });
    return true;
  }

  #seat(): void {
    const { world, counts, guards, webhooks, github, modal } = this.#around;
    const { clock, random, has, trace } = world;
    const generation = ++this.#generation;
    const name = `${this.#name}${generation}`;
    const own = random.fork(name);
    const skewMs = has("clock-skew") ? own.whole(-30_000, 30_000) : 0;
    const now = () => clock.now + skewMs;
    const caller = {
      name,
      isAlive: () => this.#generation === generation && this.#current !== undefined,
      crash: (why: string) => this.#crash(name, why),
    };
    const calls = new Calls(world, caller, own, counts);
    const ports: { github: GitHub; modal: Modal; policy: Policy } = guards.ports({
      github: gitHubPort(calls, world, github, webhooks),
      modal: modalPort(calls, modal),
      policy: world.scenario.policy,
    });
    const loop = new FleetLoop({ ...ports, now, random: () => own.suffix() });
    const timers = {
      now,
      after(ms: number, run: () => void) {
        let isOff = false;
        clock.after(ms, () => {
          if (isOff || !caller.isAlive()) return;
          clock.wake();
          run();
        });
        return () => {
          isOff = true;
        };
      },
    };
    trace.add(clock.now, `controller ${name} starts${skewMs ? `, its clock ${skewMs} ms wrong` : ""}`);
    const watched = watch(loop, this.#around.onBug, () => counts.set("reconcile", (counts.get("reconcile") ?? 0) + 1));
    const log = (event: string, fields: Record<string, unknown>) => {
      if (event !== "decision") return void trace.add(clock.now, `${name}: ${event} ${JSON.stringify(fields)}`);
      const about = [fields["job"], fields["runnerName"], fields["sandboxId"]].filter((one) => one !== undefined);
      trace.add(clock.now, `${name}: ${fields["action"]}: ${fields["reason"]}: ${fields["detail"]}`, about as string[]);
    };
    const schedule = startSchedule(watched, guards.hasSchedule ? reconcileSeconds : 0, log, timers);
    counts.set("backlog", (counts.get("backlog") ?? 0) + github.unfinished.size);
    this.#current = { loop: watched, schedule, die: () => schedule.stop() };
  }

  #crash(name: string, why: string): void {
    const { clock, random, trace } = this.#around.world;
    trace.add(clock.now, `controller ${name} crashes ${why}`);
    this.#current?.die();
    this.#current = undefined;
    clock.after(random.between(1_000, 60_000), () => {
      clock.wake();
      this.#seat();
    });
  }
}

/** The loop, with an ear for errors that it should never throw. */
function watch(
  loop: FleetLoop,
  onBug: (error: unknown) => void,
  onReconcile: () => void,
): Pick<FleetLoop, "hear" | "reconcile"> {
  const check = (error: unknown) => {
    if (!(error instanceof Unavailable)) onBug(error);
  };
  const follow = (steps: Promise<Step[]>) => {
    steps.then((all) => all.forEach((step) => void step.outcome.catch(check)), check);
    return steps;
  };
  return {
    hear: (job) => follow(loop.hear(job)),
    reconcile: () => {
      onReconcile();
      return follow(loop.reconcile());
    },
  };
}
