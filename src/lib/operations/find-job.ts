// Finds the job that an operator means, wherever GitHub and Modal keep what is known of it.
import { AbortError } from "../cli/errors.ts";
import type { FleetSandbox, Job } from "../fleet/snapshot.ts";
import { readRepositories, readRunJobs } from "../github/jobs.ts";
import { allowsRepository } from "../policy/match.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { type JobReference, parseJobReference } from "./job-reference.ts";

/**
 * The one job that a reference names.
 * @param text as typed; see parseJobReference
 * @throws AbortError when there is none, or a run has several jobs: then each is named
 */
export async function findJob(text: string, fleet: FleetAccess): Promise<Job> {
  const reference = parseJobReference(text);
  if (reference.kind === "run")
    return onlyJob(text, await readRunJobs(fleet.octokit, reference.repository, reference.runId));
  const sandboxes = await fleet.modal.sandboxes();
  const sandbox = sandboxes.find((entry) => isMeant(reference, entry));
  if (sandbox?.jobId === 0) {
    throw new AbortError(`${sandbox.runnerName} waits for whichever job comes; it has none yet.`, {
      code: "no-such-job",
      nextSteps: ["modal-gha runners ls"],
    });
  }
  if (sandbox) {
    const job = await fleet.github.job(sandbox.repository, sandbox.jobId);
    if (job) return job;
  }
  if (reference.kind === "sandbox") throw notFound(text, "No living Sandbox of this fleet has this id.");
  if (reference.kind === "job" && reference.repository) {
    const job = await fleet.github.job(reference.repository, reference.jobId);
    if (job) return job;
    throw notFound(text, `${reference.repository} has no job ${reference.jobId}.`);
  }
  const job = await searchRepositories(text, reference.jobId, fleet);
  // A runner need not have run the job that it was made for, and its Sandbox, which would tell, is gone.
  if (reference.kind === "job" || job.runnerName === reference.runnerName) return job;
  throw notFound(text, `The runner is gone, and job ${job.id}, which it was made for, ran elsewhere.`);
}

function isMeant(reference: JobReference, sandbox: FleetSandbox): boolean {
  if (reference.kind === "sandbox") return sandbox.id === reference.sandboxId;
  if (reference.kind === "runner") return sandbox.runnerName === reference.runnerName;
  return reference.kind === "job" && sandbox.jobId === reference.jobId;
}

/** A bare id does not say its repository: GitHub has to be asked of each. */
async function searchRepositories(text: string, jobId: number, fleet: FleetAccess): Promise<Job> {
  const all = await readRepositories(fleet.octokit, fleet.policy.github.owner, fleet.isApp);
  const repositories = all.filter((repository) => allowsRepository(fleet.policy, repository));
  for (const repository of repositories) {
    const job = await fleet.github.job(repository, jobId);
    if (job) return job;
  }
  throw notFound(text, `None of the fleet's ${repositories.length} repositories has a job ${jobId}.`);
}

function onlyJob(text: string, jobs: Job[]): Job {
  const [job, ...others] = jobs;
  if (!job) throw notFound(text, "The run has no jobs.");
  if (others.length === 0) return job;
  throw new AbortError(`The run has ${jobs.length} jobs; say which.`, {
    code: "several-jobs",
    nextSteps: jobs.map((entry) => `${entry.id}  ${entry.name} (${entry.conclusion ?? entry.status})`),
  });
}

function notFound(text: string, why: string): AbortError {
  return new AbortError(`There is no job ${text}.`, {
    code: "no-such-job",
    why,
    nextSteps: ["modal-gha runners ls", "Or give the job's address at GitHub, which says its repository."],
  });
}
