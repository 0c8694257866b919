// The jobs that an operator means where several will do: each reference names one, and a run names all of its own.
import { AbortError } from "../cli/errors.ts";
import type { Job } from "../fleet/snapshot.ts";
import { readRunJobs } from "../github/jobs.ts";
import { findJobOrTrace } from "./find-job.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { parseJobReference } from "./job-reference.ts";
import type { Looking } from "./unseen.ts";

export interface FoundRun {
  /** `owner/name`. */
  repository: string;
  runId: number;
}

export interface FoundJobs {
  jobs: Job[];
  /** Those that were named as a whole: a job that waits for another by `needs` comes only when that has ended. */
  runs: FoundRun[];
}

/**
 * Every job once, in the order they were asked for; those of a run as they began, without skipped ones. While GitHub cannot
 * be asked, what the Sandboxes of jobs tell of them.
 * @throws AbortError as findJobOrTrace does, and for a run none of whose jobs ran
 */
export async function findJobs(
  references: readonly string[],
  fleet: FleetAccess,
  looking: Looking,
): Promise<FoundJobs> {
  const jobs = new Map<number, Job>();
  const runs: FoundRun[] = [];
  for (const text of references) {
    const reference = parseJobReference(text);
    if (reference.kind !== "run") {
      const { job } = await findJobOrTrace(text, fleet, looking);
      jobs.set(job.id, job);
      continue;
    }
    const ofRun = await readJobsToShow(reference, fleet);
    if (ofRun.length === 0) throw new AbortError(`No job of run ${text} has run.`, { code: "no-such-job" });
    for (const job of ofRun) jobs.set(job.id, job);
    runs.push(reference);
  }
  return { jobs: [...jobs.values()], runs };
}

/** Jobs of a run so far, without those that GitHub skipped, which have no log. */
export async function readJobsToShow(
  { repository, runId }: FoundRun,
  { octokit }: Pick<FleetAccess, "octokit">,
): Promise<Job[]> {
  const jobs = await readRunJobs(octokit, repository, runId);
  return jobs.filter(({ conclusion }) => conclusion !== "skipped");
}
