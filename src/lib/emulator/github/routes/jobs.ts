// Jobs and their logs.
import type { Context, Hono } from "hono";
import { repositoryFor } from "../authentication.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import { notFound } from "../errors.ts";
import type { Job } from "../model.ts";
import { jobResponse } from "../responses/actions.ts";

/** How long the link to a log is good for; docs "Download job logs for a workflow run". */
const logLinkSeconds = 60;

export function addJobRoutes(api: Hono<ApiEnv>, github: GitHub): void {
  const find = (context: Context<ApiEnv>): Job => {
    const repository = repositoryFor(github, context, { permission: "actions", level: "read" });
    const job = github.engine.jobs.get(Number(context.req.param("job")));
    if (job?.run.repository !== repository) throw notFound();
    return job;
  };

  api.get("/repos/:owner/:repo/actions/jobs/:job", (context) => context.json(jobResponse(find(context), github.urls)));

  api.get("/repos/:owner/:repo/actions/jobs/:job/logs", (context) => {
    const log = jobLog(find(context), github);
    if (log === undefined) throw notFound();
    return context.redirect(github.blobs.downloadUrl(log, logLinkSeconds), 302);
  });
}

/** The job's own log, or, where only steps have uploaded theirs, these in order; undefined when there is none. */
export function jobLog(job: Job, { blobs }: GitHub): string | undefined {
  const { backendId: jobId } = job;
  const whole = blobs.read({ jobId, kind: "log" });
  if (whole !== undefined) return whole;
  const logs = job.steps.map((step) => blobs.read({ jobId, kind: "log", stepId: step.externalId }));
  const known = logs.filter((log) => log !== undefined);
  return known.length > 0 ? known.join("") : undefined;
}
