// The heart: what to do about a snapshot of the fleet. Pure and total: no clock, no I/O, an answer for every snapshot.
import { allowsRepository, matchPool } from "../policy/match.ts";
import type { Policy } from "../policy/schema.ts";
import { decideAbandoned, decideOrphans } from "./decide-clean-up.ts";
import type { Decision } from "./decision.ts";
import { Ledger } from "./ledger.ts";
import type { ReasonCode } from "./reasons.ts";
import { reasons } from "./reasons.ts";
import type { FleetSandbox, Job, Snapshot } from "./snapshot.ts";

/**
 * Decides about every job of the snapshot, and about Sandboxes and registrations that are left over. Of each queued job
 * it says exactly one thing, why it gets a runner or why not.
 */
export function decide(snapshot: Snapshot, policy: Policy): Decision[] {
  const ledger = new Ledger(snapshot);
  const jobs = [...snapshot.jobs].sort((a, b) => a.createdAt - b.createdAt || a.id - b.id);
  const decisions: Decision[] = [];

  // What GitHub says has happened comes first: it binds Sandboxes to jobs, and leaves others over.
  const displaced: FleetSandbox[] = [];
  for (const job of jobs.filter(({ status }) => status === "in_progress")) {
    decisions.push(pickedUp(job, ledger, displaced));
  }
  for (const job of jobs.filter(({ status }) => status === "completed")) decisions.push(finished(job, ledger));
  if (snapshot.registrations) decisions.push(...decideOrphans(snapshot, snapshot.registrations, ledger));

  const spare = ledger.sandboxes.filter((sandbox) => !sandbox.busy && needsRunnerNoMore(sandbox.jobId, jobs));
  for (const lost of displaced) {
    const isKnown = jobs.some((job) => job.id === lost.jobId);
    const other = isKnown ? undefined : take(spare, (sandbox) => sandbox.pool === lost.pool);
    if (!other) continue;
    const job = { id: lost.jobId, runId: lost.runId, repository: lost.repository };
    decisions.push(assign(other, job, false, "assign:swapped", ledger));
  }
  for (const job of jobs) {
    if (job.status === "queued") decisions.push(provide(job, policy, ledger, spare));
    else if (job.status !== "in_progress" && job.status !== "completed") {
      decisions.push(nothing("ignore:not-queued", job));
    }
  }
  decisions.push(...spare.map((sandbox) => leftOver(sandbox, jobs)));
  if (snapshot.registrations) {
    const pools = policy.pools.map((pool) => pool.name);
    decisions.push(...decideAbandoned(snapshot, snapshot.registrations, pools));
  }
  return decisions;
}

/**
 * The Sandbox whose job must be looked up before deciding on this one: GitHub gave the runner made for that job to this
 * job, and this job's own runner, if there is one, is of another pool and so cannot simply take its place.
 */
export function displacedBy(job: Job, sandboxes: readonly FleetSandbox[]): FleetSandbox | undefined {
  const taken = sandboxes.find((sandbox) => sandbox.runnerName === job.runnerName);
  if (!taken || taken.busy || taken.jobId === job.id) return undefined;
  const canSwap = sandboxes.some((own) => own.jobId === job.id && !own.busy && own.pool === taken.pool);
  return canSwap ? undefined : taken;
}

function pickedUp(job: Job, ledger: Ledger, displaced: FleetSandbox[]): Decision {
  const taken = ledger.byRunner(job.runnerName);
  if (!taken) return nothing("ignore:foreign-runner", job, `${job.runnerName ?? "its runner"} is not of this fleet`);
  if (taken.busy && taken.jobId === job.id) return nothing("ignore:nothing-to-do", job);
  if (!taken.busy && taken.jobId !== job.id) displaced.push({ ...taken });
  return assign(taken, job, true, "assign:picked-up", ledger);
}

function finished(job: Job, ledger: Ledger): Decision {
  const ran = ledger.byRunner(job.runnerName);
  if (!ran) return nothing("ignore:nothing-to-do", job);
  ledger.remove(ran);
  const detail = `job ${job.id} ended with ${job.conclusion ?? "no conclusion"} on ${ran.runnerName}`;
  return { action: "finish", reason: "finish:job-completed", detail, sandbox: ran };
}

/** Whether the job is known to have found another runner, or to be over. A job that is not in sight may still need one. */
function needsRunnerNoMore(jobId: number, jobs: readonly Job[]): boolean {
  const job = jobs.find((entry) => entry.id === jobId);
  return job?.status === "completed" || (job?.status === "in_progress" && job.runnerName !== null);
}

/** Takes the first that fits out of a list. */
function take<T>(list: T[], fits: (entry: T) => boolean): T | undefined {
  const index = list.findIndex(fits);
  return index < 0 ? undefined : list.splice(index, 1)[0];
}

function provide(job: Job, policy: Policy, ledger: Ledger, spare: FleetSandbox[]): Decision {
  if (!allowsRepository(policy, job.repository)) {
    const allowed = policy.access.repositories.join(", ");
    return nothing("ignore:repository-not-allowed", job, `${job.repository} is not among: ${allowed}`);
  }
  const pool = matchPool(policy, job.labels);
  if (!pool) {
    const offered = policy.pools.map((entry) => `${entry.name} [${entry.labels.join(", ")}]`).join("; ");
    return nothing(
      "ignore:no-pool-matches",
      job,
      `no pool has all of [${job.labels.join(", ")}]; there are: ${offered}`,
    );
  }
  const own = ledger.forJob(job.id).find((sandbox) => !sandbox.busy);
  if (own || ledger.isStarting(job.id)) {
    const where = own ? `Sandbox ${own.id} waits for it` : "its Sandbox is being created";
    return nothing("ignore:already-provisioned", job, where);
  }
  const free = take(spare, (sandbox) => sandbox.pool === pool.name && serves(sandbox, job, policy));
  if (free) return assign(free, job, false, "assign:spare", ledger);
  const [all, inPool] = [ledger.count(), ledger.count(pool.name)];
  if (all >= policy.limits.maxRunners) {
    return nothing("defer:fleet-at-capacity", job, `${all} of ${policy.limits.maxRunners} Sandboxes are alive`);
  }
  if (inPool >= pool.maxRunners) {
    return nothing(
      "defer:pool-at-capacity",
      job,
      `${inPool} of ${pool.maxRunners} Sandboxes of ${pool.name} are alive`,
    );
  }
  const attempt = ledger.nextAttempt(job.id);
  ledger.reserve({ jobId: job.id, attempt, pool: pool.name });
  const detail = `job ${job.id} of ${job.repository} gets a runner of pool ${pool.name}`;
  return { action: "spawn", reason: "spawn", detail, job, pool: pool.name, attempt };
}

/** A runner that is registered in one repository serves no other. */
function serves(sandbox: FleetSandbox, job: Job, policy: Policy): boolean {
  return policy.github.scope === "organization" || sandbox.repository === job.repository;
}

function leftOver(sandbox: FleetSandbox, jobs: readonly Job[]): Decision {
  const job = jobs.find((entry) => entry.id === sandbox.jobId);
  const wasCancelled = job?.conclusion === "cancelled" && job.runnerName === null;
  const reason: ReasonCode = wasCancelled ? "terminate:job-cancelled" : "terminate:surplus";
  return { action: "terminate", reason, detail: `${sandbox.runnerName}: ${reasons[reason]}`, sandbox };
}

function assign(
  sandbox: FleetSandbox,
  job: Pick<Job, "id" | "runId" | "repository">,
  busy: boolean,
  reason: ReasonCode,
  ledger: Ledger,
): Decision {
  const before = { ...sandbox };
  ledger.assign(sandbox, job, busy);
  const detail = `${sandbox.runnerName} serves job ${job.id}: ${reasons[reason]}`;
  return { action: "assign", reason, detail, sandbox: before, job, busy };
}

function nothing(reason: ReasonCode, job: Job, detail: string = reasons[reason]): Decision {
  return { action: "none", reason, detail, job };
}
