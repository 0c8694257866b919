// Which idle runner gets which queued job. A JIT runner is not bound to the job it was made for: any job whose labels
// the runner has may take it.
import type { Job, Repository, Runner, RunnerGroup } from "../model.ts";

/**
 * Pairs jobs with runners, oldest job first; of several runners that fit, the one that has waited longest.
 * @param jobs queued and without a runner, oldest first
 * @param runners idle and listening, longest idle first
 */
export function match(jobs: readonly Job[], runners: readonly Runner[]): { job: Job; runner: Runner }[] {
  const free = [...runners];
  const pairs: { job: Job; runner: Runner }[] = [];
  for (const job of jobs) {
    const index = free.findIndex((runner) => fits(job, runner));
    const runner = free[index];
    if (!runner) continue;
    free.splice(index, 1);
    pairs.push({ job, runner });
  }
  return pairs;
}

/** A `runs-on` that names only a group takes any runner of that group; one that names nothing takes none. */
function fits(job: Job, runner: Runner): boolean {
  const { repository } = job.run;
  if (runner.repository ? runner.repository !== repository : !isOpenTo(runner.group, repository)) return false;
  const group = job.planned?.group;
  if (group !== undefined && group.toLowerCase() !== runner.group.name.toLowerCase()) return false;
  if (group === undefined && job.labels.length === 0) return false;
  const has = new Set(runner.labels.map((label) => label.name.toLowerCase()));
  return job.labels.every((label) => has.has(label.toLowerCase()));
}

/** Whether a repository's jobs may run on a group's runners. */
function isOpenTo(
  { visibility, repositories, allowsPublicRepositories }: RunnerGroup,
  repository: Repository,
): boolean {
  if (!repository.private && !allowsPublicRepositories) return false;
  if (visibility === "selected") return repositories.has(repository);
  return visibility === "all" || repository.private;
}
