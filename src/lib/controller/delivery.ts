// A webhook delivery from bytes to news of a job. The signature is checked over the raw bytes before anything is parsed.
import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Job } from "../fleet/snapshot.ts";
import { toJob, workflowJobSchema } from "../github/jobs.ts";

/** Source: docs.github.com/webhooks/webhook-events-and-payloads#workflow_job. */
const payloadSchema = z.object({
  action: z.string(),
  repository: z.object({ full_name: z.string().regex(/^[^/]+\/[^/]+$/) }),
  workflow_job: workflowJobSchema,
});

/**
 * Whether `X-Hub-Signature-256` is the HMAC of these bytes with one of the secrets, compared in constant time
 * (docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries).
 */
export function isSigned(body: Buffer, signature: string | undefined, secrets: readonly string[]): boolean {
  const given = Buffer.from(signature ?? "");
  const matches = secrets.map((secret) => {
    const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  // All are compared, so that the time tells not even which one it is.
  return matches.includes(true);
}

/** The delivery's body is not what its event says. */
export class BadDelivery extends Error {}

/**
 * Reads a `workflow_job` delivery.
 * @throws BadDelivery saying what is wrong, without the body's content
 */
export function readWorkflowJob(body: Buffer): Job {
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch {
    throw new BadDelivery("the body is not JSON");
  }
  const payload = payloadSchema.safeParse(json);
  if (!payload.success) {
    const fields = payload.error.issues.map((issue) => issue.path.join(".") || "the whole").join(", ");
    throw new BadDelivery(`the body is not a workflow_job event; wrong or missing: ${fields}`);
  }
  return toJob(payload.data.workflow_job, payload.data.repository.full_name);
}
