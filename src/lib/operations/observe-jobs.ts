// A snapshot of the fleet around some jobs, for commands that say what `decide` makes of them: as the loop reads it, but
// with whatever can be read where a service is down.
import { decide } from "../fleet/decide.ts";
import { refusal } from "../fleet/decide-provide.ts";
import type { Decision } from "../fleet/decision.ts";
import { Lookout } from "../fleet/lookout.ts";
import { withMissing } from "../fleet/missing-registrations.ts";
import type { EndedSandbox, FleetSandbox, Job, Registration, Snapshot } from "../fleet/snapshot.ts";
import { inBatches } from "./batches.ts";
import type { FleetAccess } from "./fleet-access.ts";
import type { Looking } from "./unseen.ts";

/** How far back failed starts are looked for, as by the loop. */
const recentMs = 60 * 60_000;

/** So many at most, a call each. */
const mostOthers = 100;
const atOnce = 10;

/** Parts that could not be read are undefined. */
export interface ObservedJobs {
  /** Those that were asked for. */
  jobs: Job[];
  /** Those that idle Sandboxes are for beside them: only GitHub can say whether such a job is over, and the Sandbox free. */
  others: Job[];
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
  const [jobs, listed] = await Promise.all([
    readJobs(),
    looking.at("the runner registrations", () => github.registrations()),
  ]);
  const look = async () => {
    const sandboxes = await looking.at("the fleet's Sandboxes", () => modal.sandboxes());
    const others = await readOthers(fleet, jobs, sandboxes ?? []);
    return { sandboxes, others, registrations: listed && (await withMissing(listed, sandboxes ?? [], github, now())) };
  };
  const [{ sandboxes, others, registrations }, ended, spentToday, withOrigin] = await Promise.all([
    look(),
    looking.at("the Sandboxes that ended lately", () => modal.ended(now() - recentMs)),
    looking.at("what was spent today", () => lookout.spentToday()),
    lookout.withOrigin(jobs),
  ]);
  return { jobs: withOrigin, others, sandboxes, registrations, ended, spentToday };
}

async function readOthers(
  { github }: Pick<FleetAccess, "github">,
  jobs: readonly Job[],
  sandboxes: readonly FleetSandbox[],
): Promise<Job[]> {
  const known = new Set(jobs.map(({ id }) => id));
  const missing = sandboxes.filter(({ jobId, busy }) => !busy && jobId !== 0 && !known.has(jobId));
  const once = [...new Map(missing.map((sandbox) => [sandbox.jobId, sandbox])).values()];
  // One that cannot be looked up leaves its Sandbox where it is, as in the loop.
  const found = await inBatches(once.slice(0, mostOthers), atOnce, ({ repository, jobId }) =>
    github.job(repository, jobId).catch(() => undefined),
  );
  return found.filter((job) => job !== undefined);
}

/** What the fleet would decide now; undefined when its Sandboxes are out of sight, and so nothing can be decided. */
export function decideNow(
  { jobs, others, sandboxes, ...rest }: ObservedJobs,
  { policy }: Pick<FleetAccess, "policy">,
  now: number,
): Decision[] | undefined {
  if (sandboxes === undefined) return undefined;
  const snapshot: Snapshot = {
    ...rest,
    now,
    jobs: [...jobs, ...others],
    sandboxes,
    ending: [],
    starting: [],
    failed: [],
  };
  return decide(snapshot, policy);
}

/**
 * The decision about a job itself.
 * @param decisions of decideNow; where nothing could be decided, some jobs are refused whatever runs at the moment
 */
export function decisionAbout(
  job: Job,
  decisions: readonly Decision[] | undefined,
  { policy }: Pick<FleetAccess, "policy">,
): Decision | undefined {
  if (decisions === undefined) return job.status === "queued" ? refusal(job, policy) : undefined;
  return decisions.find((decision) => "job" in decision && decision.job.id === job.id);
}
