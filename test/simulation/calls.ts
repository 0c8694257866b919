// A controller's calls to GitHub and Modal: each takes time on the way there and back, and may go wrong on either.
import { NameTaken, Unavailable } from "../../src/lib/fleet/ports.ts";
import { type CallFate, drawFate } from "./faults.ts";
import type { Random } from "./random.ts";
import { outageOf, type World } from "./world.ts";

/** Who calls. One that is dead never hears a reply, and what it had not sent yet is never sent. */
export interface Caller {
  name: string;
  isAlive(): boolean;
  crash(why: string): void;
}

export type Service = "github" | "modal";
/** Calls by name, `github.mintRunner` and so on. */
export type CallCounts = Map<string, number>;
type Effect<T> = (reply: (value: T) => void, fail: (error: Error) => void) => void;

export class Calls {
  readonly #world: World;
  readonly #caller: Caller;
  readonly #random: Random;
  readonly #counts: CallCounts;
  readonly #bornAt: number;

  constructor(world: World, caller: Caller, random: Random, counts: CallCounts) {
    this.#world = world;
    this.#caller = caller;
    this.#random = random;
    this.#counts = counts;
    this.#bornAt = world.clock.now;
  }

  /** A call whose effect takes no time of its own. */
  make<T>(service: Service, operation: string, about: readonly (string | number)[], effect: () => T): Promise<T> {
    return this.makeLong<T>(service, operation, about, (reply) => reply(effect()));
  }

  /** A call that is answered some time after it took effect. */
  makeLong<T>(service: Service, operation: string, about: readonly (string | number)[], effect: Effect<T>): Promise<T> {
    const { clock, has, trace } = this.#world;
    const caller = this.#caller;
    const random = this.#random;
    const settled = Promise.withResolvers<T>();
    if (!caller.isAlive()) return settled.promise;
    const name = `${service}.${operation}`;
    // Most live for some minutes, or nothing would ever get done.
    const mayCrash = has("crashes") && (clock.now - this.#bornAt > 120_000 || random.chance(0.1));
    if (mayCrash && random.chance(0.003)) {
      caller.crash(`before ${name}`);
      return settled.promise;
    }
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    const fate = drawFate(random, service, operation, has);
    const isLastAct = mayCrash && random.chance(0.003);
    const said = `${caller.name}: ${name}(${about.join(", ")})`;

    // Every reply travels, and is heard in an event of its own.
    const back = (delayMs: number, what: string, settle: () => void) =>
      clock.after(delayMs + random.between(10, 120), () => {
        if (!caller.isAlive()) return;
        if (about.length > 0) trace.add(clock.now, `${said}: ${what}`, about);
        clock.wake();
        settle();
      });
    const fail = (error: Error, delayMs = 0) => back(delayMs, error.message, () => settled.reject(error));
    const unavailable = (delayMs: number, message: string, options = {}) =>
      fail(new Unavailable(service, message, options), delayMs);

    clock.after(random.between(10, 200), () => {
      if (isLastAct) caller.crash(`after ${name} was sent`);
      if (outageOf(this.#world, service)) return unavailable(random.between(100, 10_000), `${service} is down`);
      if (fate.kind === "refused") return unavailable(fate.afterMs, fate.message, fate);
      let isFirst = true;
      const reply = (value: T) => {
        if (!isFirst) return;
        isFirst = false;
        if (fate.kind === "well") return back(0, brief(value), () => settled.resolve(value));
        const error = lost(service, fate);
        return fail(error, fate.afterMs);
      };
      try {
        effect(reply, (error) => fail(error));
      } catch (error) {
        if (!(error instanceof NameTaken)) throw error;
        fail(error);
      }
    });
    return settled.promise;
  }
}

function lost(service: Service, fate: Extract<CallFate, { kind: "lost" }>): Error {
  return fate.isNameTaken ? new NameTaken(fate.message) : new Unavailable(service, `${fate.message} (yet it was done)`);
}

function brief(value: unknown): string {
  if (value === undefined) return "done";
  return Array.isArray(value) ? `${value.length} entries` : JSON.stringify(value);
}
