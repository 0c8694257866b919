// Workflow runs: listing, cancelling, starting again.
import type { components } from "@octokit/openapi-types";
import type { Context, Hono } from "hono";
import { repositoryFor } from "../authentication.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import { GitHubError, notFound } from "../errors.ts";
import type { Job, Repository, Run, WorkflowFile } from "../model.ts";
import { page } from "../pagination.ts";
import { jobResponse, runResponse } from "../responses/actions.ts";
import { workflowFor } from "./workflows.ts";

type Schemas = components["schemas"];

const read = { permission: "actions", level: "read" } as const;
const write = { permission: "actions", level: "write" } as const;

export function addRunRoutes(api: Hono<ApiEnv>, github: GitHub): void {
  const { engine, urls } = github;

  const find = (context: Context<ApiEnv>, need: typeof read | typeof write): Run => {
    const repository = repositoryFor(github, context, need);
    const run = engine.runs.get(Number(context.req.param("run")));
    if (run?.repository !== repository) throw notFound();
    return run;
  };
  const listRuns = (context: Context<ApiEnv>, repository: Repository, file?: WorkflowFile) => {
    const runs = [...engine.runs.values()]
      .filter((run) => run.repository === repository && (file === undefined || run.file === file))
      .filter((run) => matches(run, context.req.query()))
      .reverse();
    const workflow_runs: Schemas["workflow-run"][] = page(context, runs).map((run) => runResponse(run, urls));
    return context.json({ total_count: runs.length, workflow_runs });
  };
  const listJobs = (context: Context<ApiEnv>, jobs: Job[]) => {
    const shown: Schemas["job"][] = page(context, jobs).map((job) => jobResponse(job, urls));
    return context.json({ total_count: jobs.length, jobs: shown });
  };

  api.get("/repos/:owner/:repo/actions/runs", (context) => listRuns(context, repositoryFor(github, context, read)));

  api.get("/repos/:owner/:repo/actions/workflows/:workflow/runs", async (context) => {
    const repository = repositoryFor(github, context, read);
    return listRuns(context, repository, await workflowFor(github, context, repository));
  });

  api.get("/repos/:owner/:repo/actions/runs/:run", (context) => context.json(runResponse(find(context, read), urls)));

  api.get("/repos/:owner/:repo/actions/runs/:run/jobs", (context) => {
    const run = find(context, read);
    const all = context.req.query("filter") === "all";
    return listJobs(
      context,
      run.jobs.filter((job) => all || job.attempt === run.attempt),
    );
  });

  api.get("/repos/:owner/:repo/actions/runs/:run/attempts/:attempt/jobs", (context) => {
    const attempt = Number(context.req.param("attempt"));
    const run = find(context, read);
    if (!(attempt >= 1 && attempt <= run.attempt)) throw notFound();
    return listJobs(
      context,
      run.jobs.filter((job) => job.attempt === attempt),
    );
  });

  api.post("/repos/:owner/:repo/actions/runs/:run/cancel", (context) => {
    engine.cancel(find(context, write));
    return context.json({}, 202);
  });

  api.post("/repos/:owner/:repo/actions/runs/:run/force-cancel", (context) => {
    engine.forceCancel(find(context, write));
    return context.json({}, 202);
  });

  api.post("/repos/:owner/:repo/actions/runs/:run/rerun", (context) => {
    const run = find(context, write);
    if (run.status !== "completed") throw new GitHubError(403, "This workflow is already running");
    if (run.conclusion === "startup_failure") throw new GitHubError(403, "This workflow run cannot be retried");
    engine.rerun(run);
    return context.json({}, 201);
  });
}

/** `status` filters by status or by conclusion. */
function matches(run: Run, query: Record<string, string>): boolean {
  const { status, event, branch, actor, head_sha: sha } = query;
  return (
    (status === undefined || run.status === status || run.conclusion === status) &&
    (event === undefined || run.event === event) &&
    (branch === undefined || run.headBranch === branch) &&
    (actor === undefined || run.actor.login === actor) &&
    (sha === undefined || run.headSha === sha)
  );
}
