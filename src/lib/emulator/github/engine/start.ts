// Turns an event in a repository into runs of the workflows that it starts.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { ContextData } from "../../runner-protocol.ts";
import { toDictionaryData } from "../../workflow/context-data.ts";
import { resolveInputs } from "../../workflow/dispatch-inputs.ts";
import { eventMatches } from "../../workflow/events.ts";
import { ExpressionError, evaluateText } from "../../workflow/expressions.ts";
import { WorkflowError } from "../../workflow/workflow.ts";
import type { Workflow } from "../../workflow/workflow-types.ts";
import type { GitHub } from "../context.ts";
import { unprocessable } from "../errors.ts";
import type { Account, EventName, Repository, Run, WorkflowFile } from "../model.ts";
import { headSha, readWorkflow, workflowPaths } from "../working-tree.ts";
import { eventPayload, forkOf, githubContext } from "./run-context.ts";

export interface StartOptions {
  repository: Repository;
  event: EventName;
  actor: Account;
  /** Branch name or full ref; the default branch when absent. For a pull request, its head branch. */
  ref?: string | undefined;
  /** Of workflow_dispatch. */
  inputs?: Record<string, unknown> | undefined;
  /** Only this workflow: its file name, path or id. */
  workflow?: string | undefined;
  /** For a pull request from a fork: the login of the fork's owner. */
  fork?: string | undefined;
}

/**
 * Starts every workflow of the repository that the event starts.
 * @throws InputError for a workflow_dispatch whose inputs do not fit
 */
export async function startRuns(github: GitHub, options: StartOptions): Promise<Run[]> {
  const { repository } = options;
  const runs: Run[] = [];
  for (const path of await workflowPaths(repository.directory)) {
    const file = github.store.workflowFile(repository, path);
    if (options.workflow !== undefined && !isNamed(file, options.workflow)) continue;
    const run = await startRun(github, file, options);
    if (run) runs.push(run);
  }
  return runs;
}

/** Starts one workflow; undefined when the event does not start it. @throws InputError */
export async function startRun(github: GitHub, file: WorkflowFile, options: StartOptions): Promise<Run | undefined> {
  const { repository, event } = options;
  const ref = fullRef(options.ref, repository);
  let workflow: Workflow;
  try {
    workflow = await readWorkflow(repository.directory, file.path);
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error;
    // GitHub shows a push of an invalid file as a run that failed to start.
    github.log(error.message);
    return event === "push" ? invalidRun(github, file, options) : undefined;
  }
  const action = event === "pull_request" ? { action: "opened", baseRef: repository.defaultBranch } : {};
  if (!eventMatches(workflow, { name: event, ref, ...action })) return undefined;
  const inputs = event === "workflow_dispatch" ? resolveInputs(workflow, options.inputs ?? {}) : toDictionaryData({});
  const run = await newRun(github, file, workflow, options, inputs);
  github.engine.begin(run);
  return run;
}

/** Whether a workflow is meant by an id, a file name or a path. */
export function isNamed(file: WorkflowFile, name: string): boolean {
  return [String(file.id), basename(file.path), file.path].includes(name);
}

const git = promisify(execFile);

/** @throws GitHubError 422 for a branch or tag that the repository does not have */
export async function assertRef(repository: Repository, ref: string): Promise<void> {
  const name = ref.replace(/^refs\/(heads|tags)\//, "");
  if (name === repository.defaultBranch) return;
  if (existsSync(join(repository.directory, ".git"))) {
    for (const full of [`refs/heads/${name}`, `refs/tags/${name}`]) {
      const found = await git("git", ["-C", repository.directory, "show-ref", "--verify", "--quiet", full]).then(
        () => true,
        () => false,
      );
      if (found) return;
    }
  }
  throw unprocessable(`No ref found for: ${ref}`);
}

function fullRef(ref: string | undefined, repository: Repository): string {
  const name = ref ?? repository.defaultBranch;
  return name.startsWith("refs/") ? name : `refs/heads/${name}`;
}

async function newRun(
  github: GitHub,
  file: WorkflowFile,
  workflow: Workflow,
  { repository, event, actor, fork, ...options }: StartOptions,
  inputs: ContextData,
): Promise<Run> {
  const { urls, ids, clock } = github;
  const branchRef = fullRef(options.ref, repository);
  const headBranch = branchRef.replace(/^refs\/(heads|tags)\//, "");
  const headRepository = fork === undefined ? repository : forkOf(repository, fork);
  const sha = await headSha(repository.directory);
  const number = ++file.runs;
  const ref = event === "pull_request" ? `refs/pull/${number}/merge` : branchRef;
  const details = {
    ...{ event, repository, headRepository, ref, headBranch, headSha: sha, actor },
    ...{ inputs: options.inputs ?? {}, workflowPath: file.path, pullRequestNumber: number },
  };
  const now = clock();
  const run: Run = {
    id: ids.next("run"),
    number,
    attempt: 1,
    repository,
    headRepository,
    file,
    workflow,
    event,
    ref,
    headBranch,
    headSha: sha,
    title: event === "workflow_dispatch" ? workflow.name : `Update ${repository.name}`,
    actor,
    inputs,
    payload: eventPayload(details, urls),
    status: "queued",
    conclusion: null,
    createdAt: now,
    startedAt: now,
    updatedAt: now,
    planId: randomUUID(),
    groups: new Map(),
    jobs: [],
    cancelled: false,
  };
  run.title = runName(github, run) || run.title;
  return run;
}

/** What the workflow's `run-name:` gives; empty when there is none, or none that can be evaluated. */
function runName(github: GitHub, run: Run): string {
  const contexts = { github: githubContext(run, github.urls), inputs: run.inputs, vars: github.vars };
  try {
    return evaluateText(run.workflow.runName, { contexts });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    github.log(`${run.file.path}: run-name: ${error.message}`);
    return "";
  }
}

async function invalidRun(github: GitHub, file: WorkflowFile, options: StartOptions): Promise<Run> {
  const workflow: Workflow = { name: file.path, path: file.path, events: {}, jobs: [] };
  const run = await newRun(github, file, workflow, options, toDictionaryData({}));
  Object.assign(run, { status: "completed", conclusion: "startup_failure" });
  github.engine.runs.set(run.id, run);
  return run;
}
