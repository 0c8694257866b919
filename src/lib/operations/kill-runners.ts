// Ends runners by hand. An idle one is deregistered first, so that no job can reach it any more; of a busy one the
// runner is interrupted, so that it stops its job and tells GitHub; only what has not ended after the grace is killed.
import { explainError } from "../cli/explain-error.ts";
import { interruptEntrypoint, killedExitCode } from "../modal/sandbox-interrupt.ts";
import { readSandboxEnd } from "../modal/sandbox-log.ts";
import { inBatches } from "./batches.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { withTheirJobs } from "./jobs-on-runners.ts";
import { findRunner, isWanted, joinRunners, type ListedRunner, type RunnerFilter } from "./list-runners.ts";

export interface KillSelection extends RunnerFilter {
  /** Runner names, Sandbox ids, job ids or addresses. */
  references: readonly string[];
}

/** A runner that is to be ended, and the job that it hits. */
export interface Target extends ListedRunner {
  /** Name of the job that runs on it; null when none does, or GitHub does not say yet which. */
  jobName: string | null;
}

/**
 * `deregistered`: it was idle, and is gone. `interrupted`: its job was told to stop, its runner told GitHub so, and it ended by itself. `killed`: it did
 * not end within the grace. `kept`: a job came to it in this moment. `failed`: it may be there still.
 */
export type KillResult = "deregistered" | "interrupted" | "killed" | "kept" | "failed";

export interface KilledRunner {
  runner: string;
  sandboxId: string | null;
  /** The job that was hit; null when none was. */
  job: number | null;
  result: KillResult;
  /** Why it failed; null where it did not. */
  detail: string | null;
}

/**
 * The runners that are meant, with the jobs that GitHub says run on them.
 * @throws AbortError when a reference names no runner of the fleet, or several
 */
export async function selectRunners(
  fleet: Pick<FleetAccess, "github" | "modal" | "policy">,
  { references, ...filter }: KillSelection,
  now: number,
): Promise<Target[]> {
  const [sandboxes, registrations] = await Promise.all([fleet.modal.sandboxes(), fleet.github.registrations()]);
  const all = joinRunners(await withTheirJobs(sandboxes, registrations, fleet), registrations, fleet.policy, now);
  const named = references.map((reference) => findRunner(reference, all));
  const chosen = (references.length > 0 ? [...new Set(named)] : all).filter((runner) => isWanted(runner, filter));
  return Promise.all(
    chosen.map(async (runner) => {
      const isBusy = runner.state === "busy" && runner.repository !== null && runner.job !== 0;
      const job = isBusy ? await fleet.github.job(runner.repository as string, runner.job) : undefined;
      return { ...runner, jobName: job?.name ?? null };
    }),
  );
}

/** How long a Sandbox that was terminated may take to be gone. */
const terminationMs = 15_000;
/** How long an entrypoint may take, after the grace, to kill its runner and say so. */
const lastWordsMs = 5_000;
const atOnce = 10;

/** Ends runners, each whatever becomes of the others; see killRunner. */
export function killRunners(targets: readonly Target[], fleet: FleetAccess, graceMs: number): Promise<KilledRunner[]> {
  return inBatches(targets, atOnce, async (target): Promise<KilledRunner> => {
    try {
      return await killRunner(target, fleet, graceMs);
    } catch (error) {
      const { runner, sandboxId } = target;
      return { runner, sandboxId, job: null, result: "failed", detail: explainError(error).message };
    }
  });
}

/**
 * Ends one runner.
 * @param graceMs how long an interrupted job has to end; 0 kills at once
 * @throws Unavailable, or what the SDK throws
 */
export async function killRunner(target: Target, fleet: FleetAccess, graceMs: number): Promise<KilledRunner> {
  const { runner, sandboxId, registrationId, repository, job } = target;
  const ended = (result: KillResult): KilledRunner => ({
    runner,
    sandboxId,
    job: result === "interrupted" || result === "killed" ? job || null : null,
    result,
    detail: null,
  });
  const deregister = () =>
    registrationId === null ? "absent" : fleet.github.deregister(registrationId, repository ?? "");
  const end = async (id: string) => {
    await fleet.modal.terminate(id);
    await fleet.modal.waitForEnd(id, terminationMs);
  };
  if (sandboxId === null) return ended((await deregister()) === "busy" ? "kept" : "deregistered");
  if (target.state !== "busy") {
    // GitHub refuses while a job runs. One that came this very moment was not agreed to.
    if ((await deregister()) === "busy") return ended("kept");
    await end(sandboxId);
    return ended("deregistered");
  }
  // One that cannot be asked is killed, as is one that does not heed.
  const isAsked = graceMs > 0 && (await interruptEntrypoint(fleet.modalAccess, sandboxId, graceMs).catch(() => false));
  const hasEnded = isAsked && (await fleet.modal.waitForEnd(sandboxId, graceMs + lastWordsMs));
  if (!hasEnded) await end(sandboxId);
  const how = hasEnded ? await readSandboxEnd(fleet.modalAccess, sandboxId).catch(() => undefined) : undefined;
  // A runner that ended by itself is deregistered by GitHub; of one that was killed GitHub may still believe it busy.
  await Promise.resolve(deregister()).catch(() => undefined);
  const wasKilled = !hasEnded || how?.code === killedExitCode || how?.reason === "terminated";
  return ended(wasKilled ? "killed" : "interrupted");
}
