// The jobs as far as they are known: of a repository whose jobs cannot be read now, those that it had before.
import { byUrgency, type JobList, jobsOf } from "../operations/list-jobs.ts";
import type { DashboardJobs } from "./source.ts";

/** @param former what was known before; undefined at first */
export function knownJobs({ jobs, unseen }: JobList, former: DashboardJobs | undefined): DashboardJobs {
  const missing = new Set(unseen.map(({ what }) => what));
  const kept = (former?.jobs ?? []).filter(({ repository }) => missing.has(jobsOf(repository)));
  return {
    jobs: [...jobs, ...kept.map((job) => ({ ...job, isStale: true }))].sort(byUrgency),
    unseen,
    isWhole: !unseen.some(({ what }) => what.startsWith(jobsOf(""))),
  };
}
