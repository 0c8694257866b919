// The jobs on the fleet's labels: queued, running and lately finished, each with what the fleet decides about it.
import type { Decision } from "../fleet/decision.ts";
import type { ReasonCode } from "../fleet/reasons.ts";
import { type FleetSandbox, type Job, runnersAtWork } from "../fleet/snapshot.ts";
import { readRecentJobs } from "../github/jobs.ts";
import { resolveJob } from "../policy/match.ts";
import { asksForUs } from "../policy/mismatch.ts";
import type { Policy } from "../policy/schema.ts";
import { activeRepositories, withSandboxes } from "./active-repositories.ts";
import { inBatches } from "./batches.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { decideNow, decisionAbout, type ObservedJobs, observeJobs } from "./observe-jobs.ts";
import { isNamed } from "./repository-filter.ts";
import { Looking, type Unseen } from "./unseen.ts";

/** `held`: GitHub itself holds it back, for an approval or another run. */
export type JobState = "queued" | "held" | "running" | "finished";

export const jobStates: readonly JobState[] = ["queued", "held", "running", "finished"];

export interface ListedJob {
  job: number;
  run: number;
  attempt: number;
  /** `owner/name`. */
  repository: string;
  name: string;
  labels: string[];
  url: string;
  state: JobState;
  /** GitHub's word for how it ended; null before that. */
  conclusion: string | null;
  /** ISO 8601, as all times here. */
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  /** How long it has waited, or waited, for a runner; null where it ended without one. */
  waitedMs: number | null;
  /** How long it has run, or ran; null before it has a runner, and without one. */
  ranMs: number | null;
  /** The pool that serves it, or served it; null where none does. */
  pool: string | null;
  /** The runner that took it, or that waits for it. */
  runner: string | null;
  /** Of that runner; null once it is gone. */
  sandboxId: string | null;
  /** What the fleet decides about it now; null where its Sandboxes could not be read. */
  decision: ReasonCode | null;
  detail: string | null;
}

export interface JobList {
  /** Those that wait first, the longest wait before all; then those that run; then the finished, the newest first. */
  jobs: ListedJob[];
  /** What could not be read; empty when all was. */
  unseen: Unseen[];
}

export interface JobFilter {
  pools?: readonly string[];
  /** `owner/name`, or the name alone. */
  repositories?: readonly string[];
  states?: readonly JobState[];
}

export interface ListJobsOptions extends JobFilter {
  /** Also jobs of other runners, and of repositories that may not use the fleet. */
  isAll?: boolean;
  /** Milliseconds since the epoch: finished jobs that ended since then; the last quarter of an hour where absent. */
  finishedSince?: number;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What stands in `unseen` for the jobs of a repository. */
export const jobsOf = (repository: string) => `the jobs of ${repository}`;

const latelyMs = 15 * 60_000;
const repositoriesAtOnce = 8;

/**
 * Lists jobs. Takes three lists of runs a repository and one list of jobs a run; see active-repositories.ts for which.
 * What cannot be read is left out and told of.
 * @throws what GitHub throws when not even the repositories can be listed
 */
export async function listJobs(fleet: FleetAccess, options: ListJobsOptions): Promise<JobList> {
  const { now, isAll = false } = options;
  const looking = new Looking();
  const observed = await observeJobs(fleet, () => readJobs(fleet, options, looking), { looking, now });
  const decisions = decideNow(observed, fleet, now());
  const jobs = observed.jobs
    .filter((job) => isAll || concernsFleet(job, fleet.policy, observed.sandboxes ?? []))
    .map((job) => describe(job, observed, decisionAbout(job, decisions, fleet), fleet.policy, now()))
    .filter((job) => isWanted(job, options))
    .sort(byUrgency);
  return { jobs, unseen: looking.unseen };
}

async function readJobs(fleet: FleetAccess, options: ListJobsOptions, looking: Looking): Promise<Job[]> {
  const { isAll = false, repositories: wanted, states, now } = options;
  const [all, alive] = await Promise.all([
    activeRepositories(fleet, { isEvery: isAll, now: now() }),
    fleet.modal.sandboxes().catch(() => []),
  ]);
  // Of repositories that are not asked for, the jobs matter all the same: they take the places that others wait for.
  const repositories = withSandboxes(all, alive, fleet).filter(
    (name) => wanted === undefined || isNamed(name, wanted) || alive.some(({ repository }) => repository === name),
  );
  const since = states && !states.includes("finished") ? undefined : (options.finishedSince ?? now() - latelyMs);
  const lists = await inBatches(repositories, repositoriesAtOnce, (repository) =>
    looking.at(jobsOf(repository), () => readRecentJobs(fleet.octokit, repository, since)),
  );
  return lists.flatMap((jobs) => jobs ?? []);
}

/** Whether a job is the fleet's business: a pool serves it, its runner is ours, or it asks for a runner like ours. */
function concernsFleet(job: Job, policy: Policy, sandboxes: readonly FleetSandbox[]): boolean {
  const match = resolveJob(policy, job.labels);
  if (match.kind === "pool" || match.reason !== "ignore:no-pool-matches") return true;
  return sandboxes.some(({ runnerName }) => runnerName === job.runnerName) || asksForUs(policy, job.labels);
}

function describe(
  job: Job,
  { sandboxes = [], registrations }: ObservedJobs,
  decision: Decision | undefined,
  policy: Policy,
  now: number,
): ListedJob {
  const match = resolveJob(policy, job.labels);
  const atWork = runnersAtWork(registrations);
  const waitsFor = ({ jobId, busy, runnerName }: FleetSandbox) => jobId === job.id && !busy && !atWork.has(runnerName);
  const own = sandboxes.find((sandbox) =>
    job.runnerName === null ? waitsFor(sandbox) : sandbox.runnerName === job.runnerName,
  );
  const state = stateOf(job);
  const end = job.completedAt ?? now;
  const began = job.startedAt;
  const waitedMs = began === undefined ? (state === "finished" ? null : now - job.createdAt) : began - job.createdAt;
  const iso = (time: number | undefined) => (time === undefined ? null : new Date(time).toISOString());
  return {
    job: job.id,
    run: job.runId,
    attempt: job.runAttempt,
    repository: job.repository,
    name: job.name,
    labels: job.labels,
    url: job.htmlUrl,
    state,
    conclusion: job.conclusion,
    createdAt: new Date(job.createdAt).toISOString(),
    startedAt: iso(began),
    completedAt: iso(job.completedAt),
    waitedMs: waitedMs === null ? null : Math.max(0, waitedMs),
    ranMs: began === undefined ? null : Math.max(0, end - began),
    pool: own?.pool ?? (match.kind === "pool" ? match.pool.name : null),
    runner: job.runnerName ?? own?.runnerName ?? null,
    sandboxId: own?.id ?? null,
    decision: decision?.reason ?? null,
    detail: decision?.detail ?? null,
  };
}

export function stateOf({ status }: Pick<Job, "status">): JobState {
  if (status === "completed") return "finished";
  if (status === "in_progress") return "running";
  return status === "queued" ? "queued" : "held";
}

function isWanted(job: ListedJob, { pools, repositories, states }: JobFilter): boolean {
  return (
    (pools === undefined || (job.pool !== null && pools.includes(job.pool))) &&
    (repositories === undefined || isNamed(job.repository, repositories)) &&
    (states === undefined || states.includes(job.state))
  );
}

/** The order of a list of jobs. */
export function byUrgency(a: ListedJob, b: ListedJob): number {
  const order = jobStates.indexOf(a.state) - jobStates.indexOf(b.state);
  if (order !== 0) return order;
  if (a.state === "finished") return (b.completedAt ?? "").localeCompare(a.completedAt ?? "") || b.job - a.job;
  const long = (job: ListedJob) => (job.state === "running" ? job.ranMs : job.waitedMs) ?? 0;
  return long(b) - long(a) || a.job - b.job;
}
