// A snapshot of the fleet around some jobs, for commands that say what `decide` makes of them: as the loop reads it, but
// with whatever can be read where a service is down.
import { decide } from "../fleet/decide.ts";
import type { Decision } from "../fleet/decision.ts";
import { Lookout } from "../fleet/lookout.ts";
import type { EndedSandbox, FleetSandbox, Job, Registration, Snapshot } from "../fleet/snapshot.ts";
import type { FleetAccess } from "./fleet-access.ts";
import type { Looking } from "./unseen.ts";

/** How far back failed starts are looked for, as by the loop. */
const recentMs = 60 * 60_000;

/** Parts that could not be read are undefined. */
export interface ObservedJobs {
  jobs: Job[];
  sandboxes: FleetSandbox[] | undefined;
  registrations: Registration[] | undefined;
  ended: EndedSandbox[] | undefined;
  spentToday: number | undefined;
}

/**
 * Reads the jobs first, so that a Sandbox that is started for one of them meanwhile is seen.
 * @param readJobs the jobs to decide about
 */
export async function observeJobs(
  fleet: Pick<FleetAccess, "policy" | "github" | "modal">,
  readJobs: () => Promise<Job[]>,
  { looking, now }: { looking: Looking; now(): number },
): Promise<ObservedJobs> {
  const { policy, github, modal } = fleet;
  const lookout = new Lookout({ policy, github, modal, now });
  const [jobs, registrations] = await Promise.all([
    readJobs(),
    looking.at("the runner registrations", () => github.registrations()),
  ]);
  const [sandboxes, ended, spentToday, withOrigin] = await Promise.all([
    looking.at("the fleet's Sandboxes", () => modal.sandboxes()),
    looking.at("the Sandboxes that ended lately", () => modal.ended(now() - recentMs)),
    looking.at("what was spent today", () => lookout.spentToday()),
    lookout.withOrigin(jobs),
  ]);
  return { jobs: withOrigin, sandboxes, registrations, ended, spentToday };
}

/** What the fleet would decide now; undefined when its Sandboxes are out of sight, and so nothing can be decided. */
export function decideNow(
  { jobs, sandboxes, ...rest }: ObservedJobs,
  { policy }: Pick<FleetAccess, "policy">,
  now: number,
): Decision[] | undefined {
  if (sandboxes === undefined) return undefined;
  const snapshot: Snapshot = { ...rest, now, jobs, sandboxes, ending: [], starting: [], failed: [] };
  return decide(snapshot, policy);
}

/** The decision about a job itself. */
export function decisionAbout(jobId: number, decisions: readonly Decision[]): Decision | undefined {
  return decisions.find((decision) => "job" in decision && decision.job.id === jobId);
}
