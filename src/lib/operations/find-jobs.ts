// The jobs that an operator means where several will do: each reference names one, and a run names all of its own.
import { AbortError } from "../cli/errors.ts";
import type { Job } from "../fleet/snapshot.ts";
import { readRunJobs } from "../github/jobs.ts";
import { findJobOrTrace } from "./find-job.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { parseJobReference } from "./job-reference.ts";
import type { Looking } from "./unseen.ts";

/**
 * Every job once, in the order they were asked for; those of a run as they began. While GitHub cannot be asked, what the
 * Sandboxes of jobs tell of them.
 * @throws AbortError as findJobOrTrace does, and for a run without jobs
 */
export async function findJobs(references: readonly string[], fleet: FleetAccess, looking: Looking): Promise<Job[]> {
  const found = new Map<number, Job>();
  for (const text of references) {
    const reference = parseJobReference(text);
    const jobs =
      reference.kind === "run"
        ? await readRunJobs(fleet.octokit, reference.repository, reference.runId)
        : [(await findJobOrTrace(text, fleet, looking)).job];
    if (jobs.length === 0) throw new AbortError(`Run ${text} has no jobs.`, { code: "no-such-job" });
    for (const job of jobs) found.set(job.id, job);
  }
  return [...found.values()];
}
