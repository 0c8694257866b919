// Jobs as GitHub's REST API and its webhooks tell them, turned into the fleet's own.
import type { Octokit } from "@octokit/rest";
import { z } from "zod";
import type { Job } from "../fleet/snapshot.ts";

/**
 * The part of a job that the fleet reads; webhooks and the REST API share it.
 * Shape: docs.github.com/rest/actions/workflow-jobs, docs.github.com/webhooks/webhook-events-and-payloads#workflow_job.
 */
export const workflowJobSchema = z.object({
  id: z.number().int().positive(),
  run_id: z.number().int().positive(),
  run_attempt: z.number().int().positive().default(1),
  name: z.string(),
  labels: z.array(z.string()),
  status: z.enum(["queued", "waiting", "pending", "requested", "in_progress", "completed"]),
  conclusion: z.string().nullish(),
  runner_name: z.string().nullish(),
  created_at: z.string().optional(),
  started_at: z.string().nullish(),
  completed_at: z.string().nullish(),
  html_url: z.string().nullish(),
});

/** @param repository `owner/name` */
export function toJob(job: z.output<typeof workflowJobSchema>, repository: string): Job {
  return {
    id: job.id,
    runId: job.run_id,
    runAttempt: job.run_attempt,
    repository,
    name: job.name,
    labels: job.labels,
    status: job.status,
    conclusion: job.conclusion ?? null,
    // GitHub writes "" for no runner in places.
    runnerName: job.runner_name || null,
    createdAt: Date.parse(job.created_at ?? job.started_at ?? "") || 0,
    // GitHub writes a start also for jobs that no runner has taken.
    startedAt: job.runner_name ? parseTime(job.started_at) : undefined,
    completedAt: job.status === "completed" ? parseTime(job.completed_at) : undefined,
    htmlUrl: job.html_url ?? "",
  };
}

function parseTime(text: string | null | undefined): number | undefined {
  return text ? Date.parse(text) || undefined : undefined;
}

/** `owner/name` in two. @throws Error when it is not of that form */
export function splitRepository(repository: string): { owner: string; repo: string } {
  const [owner, repo, more] = repository.split("/");
  if (!owner || !repo || more !== undefined) throw new Error(`${repository} is not of the form owner/name.`);
  return { owner, repo };
}

/** One job; undefined when GitHub has none with this id in the repository. */
export async function readJob(octokit: Octokit, repository: string, jobId: number): Promise<Job | undefined> {
  const parameters = { ...splitRepository(repository), job_id: jobId };
  const answer = await orMissing(octokit.rest.actions.getJobForWorkflowRun(parameters));
  return answer && toJob(workflowJobSchema.parse(answer.data), repository);
}

/** Every job of a run's latest attempt. */
export async function readRunJobs(octokit: Octokit, repository: string, runId: number): Promise<Job[]> {
  const jobs = await octokit.paginate(octokit.rest.actions.listJobsForWorkflowRun, {
    ...splitRepository(repository),
    run_id: runId,
    per_page: 100,
  });
  return jobs.map((job) => toJob(workflowJobSchema.parse(job), repository));
}

/** The part of a run that says whose code it runs: docs.github.com/rest/actions/workflow-runs#get-a-workflow-run. */
const runSchema = z.object({
  event: z.string(),
  repository: z.object({ full_name: z.string() }),
  // Null when the fork is gone.
  head_repository: z.object({ full_name: z.string() }).nullish(),
});

/** Its code comes from another repository, or one that is gone. */
function isOfFork(run: z.output<typeof runSchema>): boolean {
  const head = run.head_repository?.full_name.toLowerCase();
  const isOwn = head === run.repository.full_name.toLowerCase();
  return !isOwn && (head !== undefined || run.event.startsWith("pull_request"));
}

/** Whether a run is of a pull request from a fork. */
export async function readRun(
  octokit: Octokit,
  repository: string,
  runId: number,
): Promise<{ isForkPullRequest: boolean } | undefined> {
  const parameters = { ...splitRepository(repository), run_id: runId };
  const answer = await orMissing(octokit.rest.actions.getWorkflowRun(parameters));
  if (!answer) return undefined;
  return { isForkPullRequest: isOfFork(runSchema.parse(answer.data)) };
}

/**
 * Every job of a repository that is not completed; none where the repository is gone. GitHub lists no jobs by status,
 * only runs: so two lists of runs, then the jobs of each (docs.github.com/rest/actions/workflow-runs).
 */
export async function readUnfinishedJobs(octokit: Octokit, repository: string): Promise<Job[]> {
  const runIds = new Set<number>();
  for (const status of ["queued", "in_progress"] as const) {
    const parameters = { ...splitRepository(repository), status, per_page: 100 };
    const runs = await orMissing(octokit.paginate(octokit.rest.actions.listWorkflowRunsForRepo, parameters));
    for (const run of runs ?? []) runIds.add(run.id);
  }
  const jobs: Job[] = [];
  for (const runId of runIds) jobs.push(...((await orMissing(readRunJobs(octokit, repository, runId))) ?? []));
  return jobs.filter((job) => job.status !== "completed");
}

/** Of one repository so many of the newest completed runs are looked into for jobs that ended lately. */
const mostCompletedRuns = 30;
const runsAtOnce = 5;

/**
 * Jobs that are not completed, and those that ended since then; of each it is known whose code it runs, since the lists
 * of runs say so. None where the repository is gone.
 * @param finishedSince milliseconds since the epoch; none of the completed ones where absent
 * @param mostRuns look into the newest so many alone
 */
export async function readRecentJobs(
  octokit: Octokit,
  repository: string,
  finishedSince: number | undefined,
  mostRuns = Number.POSITIVE_INFINITY,
): Promise<Job[]> {
  const list = octokit.rest.actions.listWorkflowRunsForRepo;
  const runs = new Map<number, boolean>();
  for (const status of ["queued", "in_progress"] as const) {
    const parameters = { ...splitRepository(repository), status, per_page: 100 };
    for (const run of (await orMissing(octokit.paginate(list, parameters))) ?? []) runs.set(run.id, isOfFork(run));
  }
  if (finishedSince !== undefined) {
    const parameters = { ...splitRepository(repository), status: "completed" as const, per_page: mostCompletedRuns };
    for (const run of (await orMissing(list(parameters)))?.data.workflow_runs ?? []) {
      if (Date.parse(run.updated_at) >= finishedSince) runs.set(run.id, isOfFork(run));
    }
  }
  const left = [...runs].sort(([a], [b]) => b - a).slice(0, mostRuns);
  const jobs: Job[] = [];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [runId, isForkPullRequest] = next;
      const ofRun = (await orMissing(readRunJobs(octokit, repository, runId))) ?? [];
      jobs.push(...ofRun.map((job) => ({ ...job, isForkPullRequest })));
    }
  };
  await Promise.all(Array.from({ length: runsAtOnce }, work));
  const isRecent = ({ completedAt = 0 }: Job) => finishedSince !== undefined && completedAt >= finishedSince;
  return jobs.filter((job) => job.status !== "completed" || isRecent(job));
}

/** `owner/name` of every repository that the credentials reach in the owner's organisation or account. */
export async function readRepositories(octokit: Octokit, owner: string, isApp: boolean): Promise<string[]> {
  return [...(await readRepositoryNames(octokit, owner, isApp)).values()];
}

/** The same, by their ids. */
export async function readRepositoryNames(
  octokit: Octokit,
  owner: string,
  isApp: boolean,
): Promise<Map<number, string>> {
  return new Map((await readRepositoryFacts(octokit, owner, isApp)).map(({ id, name }) => [id, name]));
}

export interface RepositoryFacts {
  id: number;
  /** `owner/name`. */
  name: string;
  /** Not for everybody to see: private, or internal to an enterprise. */
  isPrivate: boolean;
  isArchived: boolean;
  /** False where GitHub says that whose token it is does not administer it. */
  isAdministered: boolean;
}

/** Whether webhooks and runners can be set up in a repository by whoever looked. */
export function takesRunners({ isArchived, isAdministered }: RepositoryFacts): boolean {
  return isAdministered && !isArchived;
}

/** The same, with what else is known of them. */
export async function readRepositoryFacts(octokit: Octokit, owner: string, isApp: boolean): Promise<RepositoryFacts[]> {
  const repositories: ApiRepository[] = isApp
    ? await octokit.paginate(octokit.rest.apps.listReposAccessibleToInstallation, { per_page: 100 })
    : await readTokenRepositories(octokit, owner);
  return repositories.map(({ id, full_name: name, private: isPrivate, archived, permissions }) => {
    return {
      id,
      name,
      isPrivate,
      isArchived: archived === true,
      isAdministered: isApp || permissions?.admin !== false,
    };
  });
}

interface ApiRepository {
  id: number;
  full_name: string;
  private: boolean;
  archived?: boolean | undefined;
  /** Of the person whose token it is. */
  permissions?: { admin?: boolean | undefined } | undefined;
}

/** A token's owner sees private repositories only in these two lists: an organisation's, or their own. */
async function readTokenRepositories(octokit: Octokit, owner: string): Promise<ApiRepository[]> {
  const ofOrganization = await orMissing(
    octokit.paginate(octokit.rest.repos.listForOrg, { org: owner, per_page: 100 }),
  );
  if (ofOrganization) return ofOrganization;
  const own = await octokit.paginate(octokit.rest.repos.listForAuthenticatedUser, { per_page: 100 });
  return own.filter(({ full_name }) => full_name.toLowerCase().startsWith(`${owner.toLowerCase()}/`));
}

/** Undefined where GitHub answers that there is no such thing. */
async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return undefined;
    throw error;
  }
}
