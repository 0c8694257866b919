// Workflows, runs and jobs as the API and the webhooks show them.
import { basename } from "node:path";
import type { components } from "@octokit/openapi-types";
import { nodeId } from "../ids.ts";
import type { Job, Repository, Run, Step, WorkflowFile } from "../model.ts";
import type { Urls } from "../urls.ts";
import { simpleUser } from "./accounts.ts";
import { minimalRepository } from "./repositories.ts";

type Schemas = components["schemas"];

function repositoryPath(repository: Repository): string {
  return `${repository.owner.login}/${repository.name}`;
}

/** @param name what the file's `name:` says, or its path when it says nothing or cannot be parsed. */
export function workflowResponse(file: WorkflowFile, name: string, urls: Urls): Schemas["workflow"] {
  const path = repositoryPath(file.repository);
  return {
    id: file.id,
    node_id: nodeId("W", file.id),
    name,
    path: file.path,
    state: "active",
    created_at: file.createdAt.toISOString(),
    updated_at: file.createdAt.toISOString(),
    url: urls.api(`/repos/${path}/actions/workflows/${file.id}`),
    html_url: urls.web(`/${path}/blob/${file.repository.defaultBranch}/${file.path}`),
    badge_url: urls.web(`/${path}/actions/workflows/${basename(file.path)}/badge.svg`),
  };
}

export function runResponse(run: Run, urls: Urls): Schemas["workflow-run"] {
  const path = repositoryPath(run.repository);
  const url = urls.api(`/repos/${path}/actions/runs/${run.id}`);
  // A check suite holds the check runs of one run; nothing else of it is served.
  const checkSuiteId = run.id + 5_000_000_000;
  return {
    id: run.id,
    name: run.workflow.name,
    node_id: nodeId("WFR", run.id),
    check_suite_id: checkSuiteId,
    check_suite_node_id: nodeId("CS", checkSuiteId),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: run.file.path,
    display_title: run.title,
    run_number: run.number,
    run_attempt: run.attempt,
    referenced_workflows: [],
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: run.file.id,
    url,
    html_url: urls.web(`/${path}/actions/runs/${run.id}`),
    // GitHub lists none here for pull requests from forks; those of the repository itself are not emulated.
    pull_requests: [],
    created_at: seconds(run.createdAt),
    updated_at: seconds(run.updatedAt),
    run_started_at: seconds(run.startedAt),
    actor: simpleUser(run.actor, urls),
    triggering_actor: simpleUser(run.actor, urls),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: urls.api(`/repos/${path}/check-suites/${checkSuiteId}`),
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: run.attempt > 1 ? `${url}/attempts/${run.attempt - 1}` : null,
    workflow_url: urls.api(`/repos/${path}/actions/workflows/${run.file.id}`),
    head_commit: {
      id: run.headSha,
      tree_id: run.headSha,
      message: run.title,
      timestamp: seconds(run.createdAt),
      author: { name: run.actor.login, email: `${run.actor.login}@users.noreply.github.com` },
      committer: { name: run.actor.login, email: `${run.actor.login}@users.noreply.github.com` },
    },
    repository: minimalRepository(run.repository, urls),
    head_repository: minimalRepository(run.headRepository, urls),
  };
}

/** `GET /repos/{owner}/{repo}/actions/jobs/{job_id}`, and the `workflow_job` member of the webhook. */
export function jobResponse(job: Job, urls: Urls): Schemas["job"] & { steps: unknown[] } {
  const { run } = job;
  const path = repositoryPath(run.repository);
  return {
    id: job.id,
    run_id: run.id,
    workflow_name: run.workflow.name,
    head_branch: run.headBranch,
    run_url: urls.api(`/repos/${path}/actions/runs/${run.id}`),
    run_attempt: job.attempt,
    node_id: nodeId("CR", job.id),
    head_sha: run.headSha,
    url: urls.api(`/repos/${path}/actions/jobs/${job.id}`),
    html_url: urls.web(`/${path}/actions/runs/${run.id}/job/${job.id}`),
    status: job.status,
    conclusion: job.conclusion,
    created_at: seconds(job.createdAt),
    started_at: seconds(job.startedAt),
    completed_at: job.completedAt && seconds(job.completedAt),
    name: job.name,
    steps: job.steps.map(stepResponse),
    check_run_url: urls.api(`/repos/${path}/check-runs/${job.id}`),
    labels: job.labels,
    runner_id: job.runner?.id ?? null,
    runner_name: job.runner?.name ?? null,
    runner_group_id: job.runner?.group.id ?? null,
    runner_group_name: job.runner?.group.name ?? null,
  };
}

function stepResponse(step: Step): NonNullable<Schemas["job"]["steps"]>[number] {
  return {
    name: step.name,
    status: step.status,
    conclusion: step.conclusion,
    number: step.number,
    started_at: step.startedAt && seconds(step.startedAt),
    completed_at: step.completedAt && seconds(step.completedAt),
  };
}

/** GitHub gives times to the second. */
function seconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
