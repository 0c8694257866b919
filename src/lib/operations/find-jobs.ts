// The jobs that an operator means where several will do: each reference names one, and a run names all of its own.
import { AbortError } from "../cli/errors.ts";
import type { Job } from "../fleet/snapshot.ts";
import { readRunJobs } from "../github/jobs.ts";
import { findJob } from "./find-job.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { parseJobReference } from "./job-reference.ts";

/**
 * Every job once, in the order they were asked for; those of a run as they began.
 * @throws AbortError as findJob does, and for a run without jobs
 */
export async function findJobs(references: readonly string[], fleet: FleetAccess): Promise<Job[]> {
  const found = new Map<number, Job>();
  for (const text of references) {
    const reference = parseJobReference(text);
    const jobs =
      reference.kind === "run"
        ? await readRunJobs(fleet.octokit, reference.repository, reference.runId)
        : [await findJob(text, fleet)];
    if (jobs.length === 0) throw new AbortError(`Run ${text} has no jobs.`, { code: "no-such-job" });
    for (const job of jobs) found.set(job.id, job);
  }
  return [...found.values()];
}
