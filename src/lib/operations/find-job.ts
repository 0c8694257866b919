// Finds the job that an operator means, wherever GitHub and Modal keep what is known of it.
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { explainError } from "../cli/explain-error.ts";
import { Unavailable } from "../fleet/ports.ts";
import type { FleetSandbox, Job } from "../fleet/snapshot.ts";
import { readRepositories, readRunJobs } from "../github/jobs.ts";
import { findTaggedSandbox, readSandboxById } from "../modal/job-sandboxes.ts";
import { allowsRepository } from "../policy/match.ts";
import { inBatches } from "./batches.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { type JobReference, parseJobReference } from "./job-reference.ts";
import { withTheirJobs } from "./jobs-on-runners.ts";
import type { Looking } from "./unseen.ts";

/** Repositories are asked so many at a time. */
const repositoriesAtOnce = 10;

/**
 * The one job that a reference names.
 * @param text as typed; see parseJobReference
 * @throws AbortError when there is none, or a run has several jobs: then each is named
 */
export async function findJob(text: string, fleet: FleetAccess): Promise<Job> {
  const reference = parseJobReference(text);
  if (reference.kind === "run")
    return onlyJob(text, await readRunJobs(fleet.octokit, reference.repository, reference.runId));
  if (reference.kind === "job" && reference.repository) {
    const job = await fleet.github.job(reference.repository, reference.jobId);
    if (job) return job;
    throw notFound(text, `${reference.repository} has no job ${reference.jobId}.`);
  }
  const sandbox = await findSandbox(reference, fleet);
  if (sandbox?.jobId === 0) {
    const has = sandbox.busy ? "has a job of which GitHub tells this fleet nothing" : "was kept ready, and has no job";
    throw new AbortError(`${sandbox.runnerName} ${has}.`, {
      code: "no-such-job",
      nextSteps: ["modal-gha runners ls"],
    });
  }
  if (sandbox) {
    const tagged = await fleet.github.job(sandbox.repository, sandbox.jobId);
    if (tagged && reference.kind === "job") return tagged;
    if (tagged) return jobOnRunner(text, tagged, sandbox, fleet);
  }
  if (reference.kind === "sandbox") throw notFound(text, "Modal knows no Sandbox of this fleet by this id.");
  const job = await searchRepositories(text, reference.jobId, fleet);
  // A runner need not have run the job that it was made for, and its Sandbox, which would tell, is forgotten.
  if (reference.kind === "job" || job.runnerName === reference.runnerName) return job;
  throw notFound(text, `Modal has forgotten the runner, and job ${job.id}, which it was made for, ran elsewhere.`);
}

/**
 * The job that a runner has, had, or waits for. The one in its Sandbox's tags may have been given to another runner since.
 * @throws AbortError when GitHub does not show which job it is
 */
async function jobOnRunner(text: string, tagged: Job, sandbox: FleetSandbox, fleet: FleetAccess): Promise<Job> {
  const { registrationId, repository, runnerName } = sandbox;
  if (tagged.runnerName === runnerName) return tagged;
  const registration = await fleet.github.registration(registrationId, repository);
  if (!registration?.busy) {
    if (tagged.runnerName === null) return tagged;
    throw notFound(text, `It was for job ${tagged.id}, which ${tagged.runnerName} took.`);
  }
  // What its tags say of a job is old, whether they call it busy or not.
  const others = (await fleet.modal.sandboxes()).filter(({ id }) => id !== sandbox.id);
  const all = await withTheirJobs([...others, { ...sandbox, busy: false }], [registration], fleet);
  const own = all.at(-1);
  const job = own?.jobId ? await fleet.github.job(own.repository, own.jobId) : undefined;
  if (job) return job;
  throw notFound(text, `GitHub says that ${runnerName} runs a job, and does not show this fleet which.`);
}

/**
 * The same; while GitHub cannot be asked, what the Sandbox of the job tells of it.
 * @returns `isGuess`: only id, run, repository and runner are known
 */
export async function findJobOrTrace(
  text: string,
  fleet: FleetAccess,
  looking: Looking,
): Promise<{ job: Job; isGuess: boolean }> {
  try {
    return { job: await findJob(text, fleet), isGuess: false };
  } catch (error) {
    const isOfModal = error instanceof Unavailable && error.service === "modal";
    const isOutage = !(error instanceof AbortError) && !isOfModal && explainError(error).exitCode === ExitCode.Failure;
    const reference = parseJobReference(text);
    if (!isOutage || reference.kind === "run") throw error;
    const sandbox = await findSandbox(reference, fleet).catch(() => undefined);
    if (!sandbox?.jobId) throw error;
    await looking.at("the job at GitHub", () => Promise.reject(error));
    return { job: traceOf(sandbox), isGuess: true };
  }
}

function traceOf({ jobId, runId, repository, runnerName, busy, createdAt }: FleetSandbox): Job {
  return {
    id: jobId,
    runId,
    runAttempt: 1,
    repository,
    name: "",
    labels: [],
    status: busy ? "in_progress" : "queued",
    conclusion: null,
    runnerName: busy ? runnerName : null,
    createdAt,
    htmlUrl: "",
  };
}

/** The Sandbox that tells which job is meant: a living one, or one that has ended. */
async function findSandbox(
  reference: Exclude<JobReference, { kind: "run" }>,
  { modal, modalAccess, policy }: FleetAccess,
): Promise<FleetSandbox | undefined> {
  const { fleet } = policy;
  if (reference.kind === "sandbox") return readSandboxById(modalAccess, fleet, reference.sandboxId);
  const alive = await modal.sandboxes().catch((error: unknown) => {
    // A job's id is enough, where GitHub can be asked about it; a runner may have run any job.
    if (reference.kind === "runner") throw error;
    return undefined;
  });
  const { kind } = reference;
  const found = alive?.find(({ jobId, runnerName }) =>
    kind === "runner" ? runnerName === reference.runnerName : jobId === reference.jobId,
  );
  if (found || alive === undefined) return found;
  const tags: Record<string, string> =
    kind === "runner" ? { runner: reference.runnerName } : { job: String(reference.jobId) };
  return findTaggedSandbox(modalAccess, fleet, tags);
}

/** A bare id does not say its repository: GitHub has to be asked of each. Nor whether it is of a job, or of a run. */
async function searchRepositories(text: string, id: number, fleet: FleetAccess): Promise<Job> {
  const all = await readRepositories(fleet.octokit, fleet.policy.github.owner, fleet.isApp);
  // Those of the fleet first, since it is asked about its jobs; but a job may be told of that it does not serve.
  const isAllowed = (repository: string) => allowsRepository(fleet.policy, repository);
  for (const repositories of [all.filter(isAllowed), all.filter((repository) => !isAllowed(repository))]) {
    const jobs = await inBatches(repositories, repositoriesAtOnce, (each) => fleet.github.job(each, id));
    const job = jobs.find((found) => found !== undefined);
    if (job) return job;
  }
  const runs = await inBatches(all, repositoriesAtOnce, (repository) =>
    readRunJobs(fleet.octokit, repository, id).catch((error: { status?: number }) => {
      if (error.status === 404) return [];
      throw error;
    }),
  );
  const ofRun = runs.find((jobs) => jobs.length > 0);
  if (ofRun) return onlyJob(text, ofRun);
  const { owner } = fleet.policy.github;
  const places = all.length === 1 ? `the one repository of ${owner}` : `the ${all.length} repositories of ${owner}`;
  throw notFound(text, `No job or run of ${places} has the id ${id}.`);
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
    nextSteps: ["modal-gha jobs ls", "Or give the job's address at GitHub, which says its repository."],
  });
}
