// How long things may take at most, given the faults that are on. Tight without faults: then a minute too much is a fault
// of the program.
import { reconcileSeconds } from "./controller.ts";
import { type FaultName, faults } from "./faults.ts";

export interface Bounds {
  /** Longest that a job may be without a Sandbox that is meant for it while there is room for one. */
  delayMs: number;
  /** Longest that two living Sandboxes may be tagged for one job. */
  twoSandboxesMs: number;
  /** Longest that a Sandbox without work may live after the job in its tags is over. */
  leftOverMs: number;
  /** How old the list may be by which a Sandbox was decided on, when it is created. */
  unseenMs: number;
  /** How long a limit may be exceeded: only while another controller has not yet seen what it did. */
  excessMs: number;
}

const minute = 60_000;
const period = reconcileSeconds * 1000;
/** Longest times of the models, calls included. */
const startUpMs = { gpu: 260_000 } as const;

export function boundsFor(chosen: readonly FaultName[]): Bounds {
  const extraMs = chosen.reduce((total, name) => total + faults[name].delayMs, 0);
  return {
    // News, or else the next look.
    delayMs: period + 10_000 + extraMs,
    // The next look ends one of the two; it waits 20 s for those that end by themselves, and calls take seconds.
    twoSandboxesMs: period + 40_000 + extraMs,
    leftOverMs: 3 * period + extraMs,
    // A few calls, each of which may take half a minute to fail.
    unseenMs: 10_000 + (chosen.includes("timeouts") ? minute : 0),
    // It looks again when its Sandbox is there (a GPU's takes minutes), deregisters the runner and ends it. What goes
    // wrong with that is mended by the next look.
    excessMs: chosen.includes("two-controllers") ? startUpMs.gpu + period + extraMs : 0,
  };
}
