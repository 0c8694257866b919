// All that is known of one job, read from GitHub and Modal before anything is told of it.
import type { Decision } from "../../fleet/decision.ts";
import type { Job } from "../../fleet/snapshot.ts";
import { readRecentJobs } from "../../github/jobs.ts";
import type { LogEvent } from "../../modal/entrypoint-log.ts";
import { findJobSandboxes, type JobSandbox } from "../../modal/job-sandboxes.ts";
import { readControlEvents, readLastWords, readSandboxEnd } from "../../modal/sandbox-log.ts";
import { inBatches } from "../batches.ts";
import type { FleetAccess } from "../fleet-access.ts";
import { decideNow, type ObservedJobs, observeJobs } from "../observe-jobs.ts";
import type { Looking } from "../unseen.ts";
import { findJobDeliveries, type JobDeliveries } from "./job-deliveries.ts";

/** A Sandbox, and what it said of itself. */
export interface SandboxFacts extends JobSandbox {
  exit: Extract<LogEvent, { event: "exit" }> | undefined;
  /** How Modal says that it ended; undefined where its own last line tells. */
  end: Extract<LogEvent, { event: "ended" }> | undefined;
  /** The last line that the runner printed, where it ended in a way that it should not. */
  lastWords: string | undefined;
}

/** What could not be read is undefined. */
export interface Facts {
  job: Job;
  /** GitHub could not be asked: of the job only what its Sandbox says is known. */
  isGuess: boolean;
  observed: ObservedJobs;
  decisions: Decision[] | undefined;
  deliveries: JobDeliveries | undefined;
  sandboxes: SandboxFacts[] | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Runs of the job's repository that are looked into, a call each: their jobs may stand before it, or have its runner. */
const mostRuns = 40;
/** The newest Sandboxes of a job whose logs are read. */
const mostLogs = 5;
const atOnce = 5;
/** Ends that leave no question. */
const plainEnds = ["job-completed", "idle", "killed"];

export async function gatherFacts(
  fleet: FleetAccess,
  job: Job,
  { isGuess, looking, now }: { isGuess: boolean; looking: Looking; now(): number },
): Promise<Facts> {
  const [observed, deliveries, sandboxes] = await Promise.all([
    observeJobs(fleet, () => (isGuess ? Promise.resolve([]) : readAround(job, fleet, looking)), { looking, now }),
    isGuess ? undefined : looking.at("the deliveries about the job", () => findJobDeliveries(fleet, job, now())),
    looking.at("the job's Sandboxes", () => readSandboxes(fleet, job, now)),
  ]);
  // The look around may be newer, and knows whose code the job runs.
  const latest = observed.jobs.find(({ id }) => id === job.id) ?? job;
  const decisions = isGuess ? undefined : decideNow(observed, fleet, now());
  return { job: latest, isGuess, observed, decisions, deliveries, sandboxes, now: now() };
}

/** The job, and others of its repository that are not completed. */
async function readAround(job: Job, fleet: FleetAccess, looking: Looking): Promise<Job[]> {
  if (job.status === "completed") return [job];
  const others = await looking.at(`the jobs of ${job.repository}`, () =>
    readRecentJobs(fleet.octokit, job.repository, undefined, mostRuns),
  );
  return others?.some(({ id }) => id === job.id) ? others : [job, ...(others ?? [])];
}

async function readSandboxes(fleet: FleetAccess, job: Job, now: () => number): Promise<SandboxFacts[]> {
  const query = { jobId: job.id, runnerName: job.runnerName, since: job.createdAt };
  const found = await findJobSandboxes(fleet.modalAccess, fleet.policy.fleet, query);
  return inBatches(found, atOnce, async (sandbox) => {
    const isRecent = found.indexOf(sandbox) >= found.length - mostLogs;
    const nothing = { ...sandbox, exit: undefined, end: undefined, lastWords: undefined };
    // A log that cannot be read, or that Modal has forgotten, is no reason to say nothing of the Sandbox.
    return isRecent && sandbox.endedAt !== null ? readEnd(fleet, sandbox, now).catch(() => nothing) : nothing;
  });
}

async function readEnd({ modalAccess }: FleetAccess, sandbox: JobSandbox, now: () => number): Promise<SandboxFacts> {
  const range = { since: sandbox.createdAt - 60_000, until: Math.min(now(), (sandbox.endedAt ?? now()) + 60_000) };
  const events = await readControlEvents(modalAccess, sandbox.id, range);
  const exit = events.findLast((event) => event.event === "exit");
  const end = exit ? undefined : await readSandboxEnd(modalAccess, sandbox.id);
  const isPlain = exit !== undefined && plainEnds.includes(exit.reason);
  const lastWords = isPlain || sandbox.busy ? undefined : await readLastWords(modalAccess, sandbox.id);
  return { ...sandbox, exit, end, lastWords };
}
