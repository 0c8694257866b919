// The results service: step updates, and the upload of logs and summaries by way of signed addresses.
// Source: src/Sdk/WebApi/WebApi/ResultsHttpClient.cs of actions/runner.
import type { Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import type { MetadataResponse, SignedUrlResponse, StepsUpdateRequest } from "../../runner-protocol.ts";
import type { GitHub } from "../context.ts";
import type { Job } from "../model.ts";
import type { BlobKey } from "./blobs.ts";
import { mergeSteps, stepFromUpdate } from "./steps.ts";

const receiver = "results.services.receiver.Receiver";
const stepService = "github.actions.results.api.v1.WorkflowStepUpdateService";
/** Bytes: GitHub's limit on a step summary. */
const summaryLimit = 1024 * 1024;

const jobReference = z.object({
  workflow_run_backend_id: z.string(),
  workflow_job_run_backend_id: z.string(),
  step_backend_id: z.string().nullish(),
});

export function addResultsRoutes(services: Hono, github: GitHub): void {
  const signed = (method: string, kind: BlobKey["kind"], wholeJob: boolean) =>
    services.post(`/results/twirp/${receiver}/${method}`, async (context) => {
      const { job, stepId } = await jobOf(context, github);
      const url = github.blobs.uploadUrl({ jobId: job.backendId, kind, stepId: wholeJob ? undefined : stepId });
      const answer: SignedUrlResponse = {
        ...(kind === "summary" ? { summary_url: url, soft_size_limit: summaryLimit } : { logs_url: url }),
        blob_storage_type: "BLOB_STORAGE_TYPE_UNSPECIFIED",
      };
      return context.json(answer);
    });
  signed("GetStepLogsSignedBlobURL", "log", false);
  signed("GetJobLogsSignedBlobURL", "log", true);
  signed("GetStepSummarySignedBlobURL", "summary", false);

  for (const method of ["CreateStepLogsMetadata", "CreateJobLogsMetadata", "CreateStepSummaryMetadata"]) {
    services.post(`/results/twirp/${receiver}/${method}`, async (context) => {
      const { job } = await jobOf(context, github);
      github.engine.touched(job);
      const answer: MetadataResponse = { ok: true };
      return context.json(answer);
    });
  }

  services.post(`/results/twirp/${stepService}/WorkflowStepsUpdate`, async (context) => {
    const { job } = await jobOf(context, github);
    const { change_order: order, steps } = await context.req.json<StepsUpdateRequest>();
    if (job.status === "in_progress" && order > job.changeOrder) {
      job.changeOrder = order;
      job.steps = mergeSteps(job.steps, steps.map(stepFromUpdate));
      github.engine.touched(job);
    }
    return context.json({});
  });

  services.put("/results/blobs/:link", async (context) => {
    const content = Buffer.from(await context.req.arrayBuffer());
    const append = context.req.query("comp") === "appendblock";
    return github.blobs.write(context.req.param("link"), content, append)
      ? context.body(null, 201)
      : context.notFound();
  });

  services.get("/results/blobs/:link", (context) => {
    const text = github.blobs.readLink(context.req.param("link"));
    return text === undefined ? context.notFound() : context.text(text);
  });
}

/** The job of a twirp request, if the token is that job's; a runner may still upload after its job has ended. */
async function jobOf(context: Context, github: GitHub): Promise<{ job: Job; stepId: string | undefined }> {
  const identity = await github.serviceTokens.verify(context.req.header("authorization"));
  const reference = jobReference.parse(await context.req.json());
  const job = github.engine.byBackendId(reference.workflow_job_run_backend_id);
  if (!identity || !("jobId" in identity) || identity.jobId !== job?.backendId) throw new HTTPException(401);
  return { job, stepId: reference.step_backend_id ?? undefined };
}
