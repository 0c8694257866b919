// The run service: a runner takes its job here, keeps it alive, and reports how it ended.
// Source: src/Sdk/RSWebApi/RunServiceHttpClient.cs of actions/runner.
import { randomUUID } from "node:crypto";
import type { Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import type { AgentJobRequestMessage, RenewJobResponse, RunServiceError } from "../../runner-protocol.ts";
import { buildJobMessage } from "../../workflow/job-message.ts";
import type { GitHub } from "../context.ts";
import { githubContext } from "../engine/run-context.ts";
import type { Job } from "../model.ts";
import type { ServiceIdentity } from "./service-tokens.ts";
import { stepFromResult } from "./steps.ts";

/** Longest that a job may run: the longest `timeout-minutes` of a self-hosted runner, 5 days. */
const jobTokenSeconds = 5 * 24 * 3600;

const acquireBody = z.object({ jobMessageId: z.string() });
const jobBody = z.object({ jobId: z.string() });
const results = ["succeeded", "succeededWithIssues", "failed", "canceled", "skipped", "abandoned"] as const;
const completeBody = jobBody.extend({
  conclusion: z.enum(results),
  outputs: z.record(z.string(), z.object({ value: z.string().nullish() })).nullish(),
  stepResults: z
    .array(
      z.object({
        external_id: z.string(),
        number: z.number(),
        name: z.string(),
        status: z.enum(["pending", "inProgress", "completed"]),
        conclusion: z.enum(results).nullish(),
        started_at: z.string().nullish(),
        completed_at: z.string().nullish(),
      }),
    )
    .nullish(),
  annotations: z.array(z.object({ level: z.string(), message: z.string() })).nullish(),
});

export type ReportedStep = NonNullable<z.infer<typeof completeBody>["stepResults"]>[number];

export function addRunServiceRoutes(services: Hono, github: GitHub): void {
  services.post("/run/:planId/acquirejob", async (context) => {
    const identity = await identityOf(context, github);
    const { jobMessageId } = acquireBody.parse(await context.req.json());
    const runner = "runnerId" in identity ? github.store.runners.get(identity.runnerId) : undefined;
    const job = runner && github.engine.acquire(runner, jobMessageId);
    if (job === "taken") throw refusal(409, `Job ${jobMessageId} has gone to another runner.`);
    if (!job) throw refusal(404, `Job ${jobMessageId} was not found.`);
    return context.json(await messageOf(job, github));
  });

  services.post("/run/:planId/renewjob", async (context) => {
    const { jobId } = jobBody.parse(await context.req.json());
    const lockedUntil = github.engine.renew(await runningJob(context, github, jobId));
    if (!lockedUntil) throw refusal(404, `Job ${jobId} was not found.`);
    const answer: RenewJobResponse = { lockedUntil: lockedUntil.toISOString() };
    return context.json(answer);
  });

  services.post("/run/:planId/completejob", async (context) => {
    const body = completeBody.parse(await context.req.json());
    const job = await runningJob(context, github, body.jobId);
    if (body.stepResults?.length) job.steps = body.stepResults.map(stepFromResult);
    job.annotations.push(...(body.annotations ?? []));
    const outputs = Object.entries(body.outputs ?? {}).map(([name, output]) => [name, output.value ?? ""]);
    github.engine.finish(job, body.conclusion, Object.fromEntries(outputs));
    return context.body(null, 200);
  });
}

async function identityOf(context: Context, github: GitHub): Promise<ServiceIdentity> {
  const identity = await github.serviceTokens.verify(context.req.header("authorization"));
  if (!identity) throw new HTTPException(401);
  return identity;
}

/** The job that the caller runs: named by the job's own token, or held by the calling runner. */
async function runningJob(context: Context, github: GitHub, jobId: string): Promise<Job> {
  const identity = await identityOf(context, github);
  const job = github.engine.byBackendId(jobId);
  const allowed = "jobId" in identity ? identity.jobId === jobId : job?.runner?.id === identity.runnerId;
  if (job?.status !== "in_progress" || !allowed || job.run.planId !== context.req.param("planId")) {
    throw refusal(404, `Job ${jobId} was not found.`);
  }
  return job;
}

async function messageOf(job: Job, github: GitHub): Promise<AgentJobRequestMessage> {
  const accessToken = await github.serviceTokens.sign({ jobId: job.backendId }, jobTokenSeconds);
  const { run, planned, lease } = job;
  if (!planned || !lease) throw refusal(404, `Job ${job.backendId} was not found.`);
  return buildJobMessage(planned, {
    planId: run.planId,
    jobId: job.backendId,
    requestId: github.ids.next("request"),
    scopeIdentifier: run.planId,
    runServiceUrl: github.urls.run(run.planId),
    resultsUrl: github.urls.results,
    accessToken,
    githubToken: lease.githubToken,
    lockedUntil: lease.lockedUntil.toISOString(),
    secrets: run.headRepository === run.repository ? github.secrets : {},
    github: githubContext(run, github.urls),
    newId: randomUUID,
  });
}

function refusal(statusCode: 404 | 409 | 422, errorMessage: string): HTTPException {
  const body: RunServiceError = { source: "actions-run-service", statusCode, errorMessage };
  return new HTTPException(statusCode, { res: Response.json(body, { status: statusCode }) });
}
