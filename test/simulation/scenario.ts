// What happens to the fleet from outside: which jobs are queued when, how long they take, and the policy that serves them.
import { parsePolicy } from "../../src/lib/policy/parse.ts";
import type { Policy } from "../../src/lib/policy/schema.ts";
import type { FaultName } from "./faults.ts";
import type { Random } from "./random.ts";

export interface JobPlan {
  id: number;
  /** Milliseconds after the start at which it is queued, or begins to wait for its approval. */
  at: number;
  repository: string;
  labels: string[];
  /** The pool that is to serve it; undefined when none may. */
  pool: string | undefined;
  durationMs: number;
  /** How long it waits for an approval before it is queued. */
  approvalMs: number;
  /** Cancelled so long after it was queued, if it is not done by then. */
  cancelAfterMs: number | undefined;
  isForkPullRequest: boolean;
}

export interface Scenario {
  policy: Policy;
  jobs: JobPlan[];
}

export const repositories = ["acme/app", "acme/web", "acme/lib", "acme/infra"] as const;
/** What jobs ask for, how many in a hundred do, and how many minutes they take on average. */
const asking: { pool: string | undefined; labels: string[]; weight: number; minutes: number }[] = [
  { pool: "cpu", labels: ["self-hosted", "modal"], weight: 57, minutes: 4 },
  { pool: "cpu", labels: ["self-hosted", "modal/cpu=4"], weight: 5, minutes: 4 },
  { pool: "big", labels: ["self-hosted", "linux", "Modal", "Big"], weight: 18, minutes: 8 },
  { pool: "gpu", labels: ["modal", "gpu-t4"], weight: 15, minutes: 12 },
  { pool: undefined, labels: ["self-hosted", "h100"], weight: 2, minutes: 5 },
  { pool: undefined, labels: ["modal/cpu=64"], weight: 1, minutes: 5 },
  { pool: undefined, labels: ["self-hosted", "linux"], weight: 2, minutes: 5 },
];
/** A repository that the policy does not name, and one in which the fleet's App is not even installed. */
const stranger = "elsewhere/app";
export const unseenRepository = "elsewhere/unseen";

/** @param count of jobs @param hours over which they are queued */
export function plan(random: Random, count: number, hours: number, faults: ReadonlySet<FaultName>): Scenario {
  const jobs: JobPlan[] = [];
  const mayForksRun = random.fork("forks").chance(0.5);
  const arrivals = random.fork("arrivals");
  while (jobs.length < count) {
    const at = arrivals.between(0, hours * 3_600_000);
    // A quarter of all pushes starts a whole matrix at once.
    const size = Math.min(arrivals.chance(0.25) ? arrivals.whole(3, 12) : 1, count - jobs.length);
    for (let index = 0; index < size; index++) {
      jobs.push(planJob(random.fork(`job ${jobs.length}`), at + index * 50, faults, mayForksRun));
    }
  }
  jobs.sort((a, b) => a.at - b.at);
  for (const [index, job] of jobs.entries()) {
    job.id = 1000 + index;
    if (job.repository === stranger && index % 2 === 0) job.repository = unseenRepository;
  }
  return { policy: planPolicy(random.fork("policy"), jobs, hours, mayForksRun), jobs };
}

function planJob(random: Random, at: number, faults: ReadonlySet<FaultName>, mayForksRun: boolean): JobPlan {
  const asks = random.pick(asking.flatMap((entry) => Array<typeof entry>(entry.weight).fill(entry)));
  const isStranger = random.chance(0.03);
  const repository = isStranger ? stranger : random.pick(repositories);
  const durationMs = Math.max(2_000, Math.min(random.exponential(asks.minutes * 60_000), 60 * 60_000));
  const fate = random.next();
  const isCancelledEarly = faults.has("cancelled-before") && fate < 0.1;
  const isCancelledLate = faults.has("cancelled-after") && fate > 0.9;
  const waits = random.chance(0.05);
  const isFork = random.chance(0.05);
  return {
    // Given once all are in order.
    id: 0,
    at: Math.round(at),
    repository,
    labels: [...asks.labels],
    pool: isStranger || (isFork && !mayForksRun) ? undefined : asks.pool,
    durationMs: Math.round(durationMs),
    approvalMs: waits ? random.whole(1_000, 15 * 60_000) : 0,
    cancelAfterMs: isCancelledEarly
      ? random.whole(0, 40_000)
      : isCancelledLate
        ? random.whole(20_000, 15 * 60_000)
        : undefined,
    isForkPullRequest: isFork,
  };
}

/** Limits a little above what the jobs need on average: there are times when every one of them is reached. */
function planPolicy(random: Random, jobs: readonly JobPlan[], hours: number, mayForksRun: boolean): Policy {
  const need = (fits: (job: JobPlan) => boolean) => {
    const durations = jobs.filter(fits).map((job) => job.durationMs + (job.pool === "gpu" ? 240_000 : 30_000));
    return durations.reduce((total, duration) => total + duration, 0) / (hours * 3_600_000);
  };
  const limit = (pool: string) => Math.ceil(need((job) => job.pool === pool) * random.between(1.3, 2)) + 1;
  const [cpu, big, gpu] = [limit("cpu"), limit("big"), limit("gpu")];
  const byRepository = random.chance(0.3);
  const idle = !byRepository && random.chance(0.4) ? random.whole(1, 2) : 0;
  const busiest = Math.max(
    ...repositories.map((name) => need((job) => job.repository === name && job.pool !== undefined)),
  );
  const perRepository = random.chance(0.3) ? `, max-runners-per-repository: ${Math.ceil(busiest * 1.5) + 1}` : "";
  return parsePolicy(`
fleet: sim
github: { owner: acme, scope: ${byRepository ? "repository" : "organization"} }
access: { fork-pull-requests: ${mayForksRun ? "isolated" : "deny"} }
limits: { max-runners: ${Math.ceil((cpu + big + gpu) * 0.85) + 1 + idle}${perRepository} }
pools:
  - { name: cpu, labels: [modal], max-runners: ${cpu + idle}, min-idle: ${idle}, resources: { max-cpu: 8 }, egress: { domains: [github.com] } }
  - { name: big, labels: [modal, big], max-runners: ${big}, egress: { domains: [github.com] } }
  - { name: gpu, labels: [modal, gpu-t4], gpu: T4, max-runners: ${gpu}, idle-timeout: 10m, egress: { domains: [github.com] } }
`);
}
