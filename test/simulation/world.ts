// What all models share: the time, the randomness of this run, which faults are on, and who listens.
import type { Clock } from "./clock.ts";
import type { FaultName, Outage } from "./faults.ts";
import type { Observer } from "./observer.ts";
import type { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import type { Trace } from "./trace.ts";

export interface World {
  clock: Clock;
  random: Random;
  scenario: Scenario;
  /** Whether the fault happens now: never after the hours of faults are over. */
  has(fault: FaultName): boolean;
  outages: readonly Outage[];
  observer: Observer;
  trace: Trace;
}

/** The outage of this service that lasts now. */
export function outageOf(world: World, service: Outage["service"]): Outage | undefined {
  const { now } = world.clock;
  return world.outages.find((outage) => outage.service === service && outage.from <= now && now < outage.to);
}
