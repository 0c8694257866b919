// Tells of a run's jobs as they come: GitHub makes one that `needs` another only when that one has ended.
import { setTimeout as delay } from "node:timers/promises";
import type { Job } from "../fleet/snapshot.ts";
import { splitRepository } from "../github/jobs.ts";
import { type FoundRun, readJobsToShow } from "./find-jobs.ts";
import type { FleetAccess } from "./fleet-access.ts";

/** How often to look while jobs run, and once all that are known have ended. */
const [lookEveryMs, lookSoonMs] = [15_000, 3_000];

/**
 * Looks until the run is over, or the signal aborts.
 * @param show called with every job, more than once; what it returns settles when the job has ended
 * @throws what Octokit throws, where no job is left whose log could go on meanwhile
 */
export async function watchRun(
  run: FoundRun,
  fleet: Pick<FleetAccess, "octokit">,
  signal: AbortSignal,
  show: (job: Job) => Promise<void>,
): Promise<void> {
  let ended: Promise<unknown> = Promise.resolve();
  let isIdle = true;
  while (!signal.aborted) {
    try {
      const isOver = isIdle && (await hasEnded(run, fleet));
      ended = Promise.all((await readJobsToShow(run, fleet)).map(show));
      if (isOver) return;
    } catch (error) {
      if (isIdle) throw error;
    }
    // When the last of them ends, the next ones are about to begin.
    const enough = new AbortController();
    const until = AbortSignal.any([signal, enough.signal]);
    const pause = (ms: number) => delay(ms, false, { signal: until }).catch(() => false);
    const wasIdle = isIdle;
    isIdle = await Promise.race([ended.then(() => true), pause(lookEveryMs)]);
    if (isIdle && wasIdle) await pause(lookSoonMs);
    enough.abort();
  }
}

async function hasEnded({ repository, runId }: FoundRun, { octokit }: Pick<FleetAccess, "octokit">): Promise<boolean> {
  const { data } = await octokit.rest.actions.getWorkflowRun({ ...splitRepository(repository), run_id: runId });
  return data.status === "completed";
}
