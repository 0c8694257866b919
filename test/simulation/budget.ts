// How many calls to GitHub and Modal the fleet may make: so many for each job, Sandbox and look at the whole fleet.
import type { CallCounts, Service } from "./calls.ts";
import type { FaultName } from "./faults.ts";
import { Violation } from "./invariants.ts";

export interface Totals {
  jobs: number;
  sandboxes: number;
  webhooks: number;
}

/**
 * Calls that each of these may cost. Pages of long lists are not counted: the models know none. `backlog` counts the
 * unfinished jobs at each start of a controller, which knows nothing of their runs yet.
 */
export const budget = {
  /** Whose code a run is, once; mint and deregister; late news, and jobs whose runner was taken, looked up. */
  github: { job: 1.5, sandbox: 2.5, webhook: 0.1, reconcile: 5, backlog: 2 },
  /** A list for each piece of news; create, tag, wait for and terminate a Sandbox. */
  modal: { job: 0, sandbox: 4.5, webhook: 1.1, reconcile: 3.2, backlog: 0 },
} as const;

export function callsOf(counts: CallCounts, service: Service): number {
  let total = 0;
  for (const [name, count] of counts) if (name.startsWith(`${service}.`)) total += count;
  return total;
}

/** @throws Violation when more calls were made */
export function checkBudget(counts: CallCounts, totals: Totals, faults: readonly FaultName[], now: number): void {
  const looks = counts.get("reconcile") ?? 0;
  const backlog = counts.get("backlog") ?? 0;
  // Each fault makes some calls be made again.
  const slack = faults.length > 0 ? 2 : 1;
  for (const service of ["github", "modal"] as const) {
    const cost = budget[service];
    const each = cost.job * totals.jobs + cost.sandbox * totals.sandboxes + cost.webhook * totals.webhooks;
    const allowed = slack * (each + cost.reconcile * looks + cost.backlog * backlog);
    const made = callsOf(counts, service);
    if (made <= allowed) continue;
    const detail = [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
    const message = `${made} calls to ${service}, ${Math.round(allowed)} are allowed: ${detail}`;
    throw new Violation("budget", message, now, []);
  }
}
