// Gives one job a runner by hand: the same decision that a webhook would lead to, carried out at once.
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { exceededLimit } from "../fleet/decide-provide.ts";
import { FleetLoop } from "../fleet/loop.ts";
import { randomSuffix } from "../fleet/names.ts";
import type { ReasonCode } from "../fleet/reasons.ts";
import type { Policy } from "../policy/schema.ts";
import { findJob } from "./find-job.ts";
import type { FleetAccess } from "./fleet-access.ts";

export interface SpawnOptions {
  /** Over the limits of the policy, but never over what it says of access. */
  isForced?: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface SpawnedJob {
  job: number;
  repository: string;
  /** Whether the job has a runner now, or had one already. */
  isProvided: boolean;
  reason: ReasonCode;
  detail: string;
  runner: string | null;
  sandboxId: string | null;
  /** The limit that this was over, in words; null where it was within all, and without --force. */
  overLimit: string | null;
}

/**
 * Decides about the job and acts on it.
 * @throws AbortError when there is no such job, or it does not wait for a runner
 */
export async function spawnJob(
  text: string,
  fleet: FleetAccess,
  { isForced = false, now }: SpawnOptions,
): Promise<SpawnedJob> {
  const job = await findJob(text, fleet);
  if (job.status !== "queued") {
    const where = job.runnerName ? ` on ${job.runnerName}` : "";
    throw new AbortError(`Job ${job.id} does not wait for a runner: it is ${job.conclusion ?? job.status}${where}.`, {
      code: "ignore:not-queued",
      nextSteps: [`modal-gha logs ${job.id}`],
      exitCode: ExitCode.Failure,
    });
  }
  const policy = isForced ? withoutLimits(fleet.policy) : fleet.policy;
  const loop = new FleetLoop({ ...fleet, policy, now, random: randomSuffix });
  const steps = await loop.hear(job);
  const step = steps.find(({ decision }) => "job" in decision && decision.job.id === job.id);
  if (!step) throw new Error(`nothing was decided about job ${job.id}`);
  // What else was begun must not be left half done when this process ends.
  await Promise.allSettled(steps.map((each) => each.outcome));
  const outcome = await step.outcome;
  const { reason } = outcome;
  const pool = step.decision.action === "spawn" && outcome.done ? step.decision.pool : undefined;
  return {
    job: job.id,
    repository: job.repository,
    isProvided:
      outcome.done && (reason === "spawn" || reason === "assign:spare" || reason === "ignore:already-provisioned"),
    reason,
    detail: outcome.detail,
    runner: outcome.runnerName ?? null,
    sandboxId: outcome.sandboxId ?? null,
    overLimit: isForced && pool !== undefined ? await limitExceeded({ pool, repository: job.repository }, fleet) : null,
  };
}

/** The policy without any limit on Sandboxes and dollars. Nor are runners kept ready, which would be started as well. */
function withoutLimits(policy: Policy): Policy {
  const maxRunners = Number.POSITIVE_INFINITY;
  return {
    ...policy,
    limits: { maxRunners },
    pools: policy.pools.map((pool) => ({ ...pool, maxRunners, minIdle: 0 })),
  };
}

async function limitExceeded(wanted: { pool: string; repository: string }, fleet: FleetAccess): Promise<string | null> {
  // The runner is there, whatever this look gives.
  const alive = await fleet.modal.sandboxes().catch(() => []);
  return exceededLimit(wanted, fleet.policy, alive)?.detail ?? null;
}
