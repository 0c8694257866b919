// The heart: what to do about a snapshot of the fleet. Pure and total: no clock, no I/O, an answer for every snapshot.
import type { Policy } from "../policy/schema.ts";
import { decideAbandoned, decideIdle, decideOrphans } from "./decide-clean-up.ts";
import { assign, inFairOrder, isAlike, keepWarm, nothing, provide, take } from "./decide-provide.ts";
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
  if (snapshot.registrations) {
    decisions.push(...decideOrphans(snapshot, snapshot.registrations, ledger));
    decisions.push(...decideIdle(snapshot, snapshot.registrations, policy, ledger));
    decisions.push(...takenUnseen(jobs, policy, ledger));
  }

  const spare = ledger.sandboxes.filter(
    (sandbox) => ledger.isWaiting(sandbox) && needsRunnerNoMore(sandbox.jobId, jobs),
  );
  for (const lost of displaced) {
    const isKnown = jobs.some((job) => job.id === lost.jobId);
    const other = isKnown ? undefined : take(spare, (sandbox) => isAlike(sandbox, lost));
    if (!other) continue;
    const job = { id: lost.jobId, runId: lost.runId, repository: lost.repository };
    decisions.push(assign(other, job, false, "assign:swapped", ledger));
  }
  const ready = ledger.sandboxes.filter((sandbox) => ledger.isWaiting(sandbox) && sandbox.jobId === 0);
  const atHand = [...spare, ...ready];
  const queued = jobs.filter(({ status }) => status === "queued");
  for (const job of inFairOrder(queued, ledger)) {
    decisions.push(provide(job, { policy, ledger, snapshot, spare: atHand }));
  }
  for (const job of jobs) {
    if (!["queued", "in_progress", "completed"].includes(job.status)) decisions.push(nothing("ignore:not-queued", job));
  }
  const unused = spare.filter((sandbox) => atHand.includes(sandbox));
  decisions.push(...unused.map((sandbox) => leftOver(sandbox, jobs)), ...keepWarm({ policy, ledger, snapshot }));
  if (snapshot.registrations) {
    decisions.push(...decideAbandoned(snapshot, snapshot.registrations, policy));
  }
  return decisions;
}

/**
 * The Sandbox whose job must be looked up before deciding on this one: GitHub gave the runner made for that job to this
 * job, and this job's own runner, if there is one, is of another pool and so cannot simply take its place.
 */
export function displacedBy(job: Job, sandboxes: readonly FleetSandbox[]): FleetSandbox | undefined {
  const taken = sandboxes.find((sandbox) => sandbox.runnerName === job.runnerName);
  if (!taken || taken.busy || taken.jobId === job.id || taken.jobId === 0) return undefined;
  const canSwap = sandboxes.some((own) => own.jobId === job.id && !own.busy && isAlike(own, taken));
  return canSwap ? undefined : taken;
}

function pickedUp(job: Job, ledger: Ledger, displaced: FleetSandbox[]): Decision {
  const taken = ledger.byRunner(job.runnerName);
  if (!taken) return nothing("ignore:foreign-runner", job, `${job.runnerName ?? "its runner"} is not of this fleet`);
  if (taken.busy && taken.jobId === job.id) return nothing("ignore:nothing-to-do", job);
  if (!taken.busy && taken.jobId !== job.id && taken.jobId !== 0) displaced.push({ ...taken });
  return assign(taken, job, true, "assign:picked-up", ledger);
}

/**
 * Runners that GitHub calls busy, while the job that they were for waits or ran elsewhere: they have one of which nothing is
 * heard, of a repository perhaps in which the fleet's App is not installed. Should it come into sight, it is picked up.
 */
function takenUnseen(jobs: readonly Job[], policy: Policy, ledger: Ledger): Decision[] {
  const known = new Set([0, ...jobs.map(({ id }) => id)]);
  const unseen = { id: 0, runId: 0, repository: `${policy.github.owner}/*` };
  return ledger.sandboxes
    .filter((sandbox) => !sandbox.busy && !ledger.isWaiting(sandbox) && known.has(sandbox.jobId))
    .map((sandbox) => {
      ledger.rob(sandbox.jobId, sandbox.runnerName);
      return assign(sandbox, unseen, true, "assign:unseen-job", ledger);
    });
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

function leftOver(sandbox: FleetSandbox, jobs: readonly Job[]): Decision {
  const job = jobs.find((entry) => entry.id === sandbox.jobId);
  const wasCancelled = job?.conclusion === "cancelled" && job.runnerName === null;
  const reason: ReasonCode = wasCancelled ? "terminate:job-cancelled" : "terminate:surplus";
  return { action: "terminate", reason, detail: `${sandbox.runnerName}: ${reasons[reason]}`, sandbox };
}
