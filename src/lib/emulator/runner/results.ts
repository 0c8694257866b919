// Tells the results service how the steps stand, and gives it logs and summaries; all of it best effort, in the
// background, as src/Runner.Common/JobServerQueue.cs does.
import type { AgentJobRequestMessage, SignedUrlResponse, StepsUpdateRequest, TaskResult } from "../runner-protocol.ts";
import { stepConclusion, stepStatus } from "../runner-protocol.ts";
import { systemConnection } from "./run-service.ts";
import { ServiceClient } from "./service-client.ts";
import type { StepRecord } from "./step-record.ts";

const receiver = "twirp/results.services.receiver.Receiver";
const updates = "twirp/github.actions.results.api.v1.WorkflowStepUpdateService/WorkflowStepsUpdate";
const requestTimeout = 60_000;

const conclusions: Record<TaskResult, number> = {
  succeeded: stepConclusion.success,
  succeededWithIssues: stepConclusion.success,
  failed: stepConclusion.failure,
  canceled: stepConclusion.cancelled,
  skipped: stepConclusion.skipped,
  abandoned: stepConclusion.failure,
};

type StepUpdate = StepsUpdateRequest["steps"][number];

function toUpdate(record: StepRecord): StepUpdate {
  const done = record.status === "completed" && record.result;
  return {
    external_id: record.id,
    number: record.number,
    name: record.name,
    status: stepStatus[record.status],
    started_at: record.startedAt?.toISOString() ?? "",
    completed_at: record.completedAt?.toISOString() ?? "",
    conclusion: (done ? conclusions[done] : stepConclusion.unknown) as StepUpdate["conclusion"],
  };
}

export class Results {
  readonly #client: ServiceClient | undefined;
  readonly #ids: { workflow_run_backend_id: string; workflow_job_run_backend_id: string };
  readonly #report: (problem: string) => void;
  readonly #changed = new Map<string, StepUpdate>();
  #order = 0;
  #queue: Promise<void> = Promise.resolve();

  /** @param report is told what went wrong; nothing here ever fails the job. */
  constructor(message: AgentJobRequestMessage, report: (problem: string) => void) {
    const { resultsUrl, token } = systemConnection(message);
    this.#client = resultsUrl ? new ServiceClient(resultsUrl, async () => token) : undefined;
    this.#ids = { workflow_run_backend_id: message.plan.planId, workflow_job_run_backend_id: message.jobId };
    this.#report = report;
  }

  /** Announces a step's state; those that change while an update is under way go together in the next. */
  stepChanged(record: StepRecord): void {
    this.#changed.set(record.id, toUpdate(record));
    this.#enqueue(async (client) => {
      if (this.#changed.size === 0) return;
      const steps = [...this.#changed.values()];
      this.#changed.clear();
      const body: StepsUpdateRequest = { ...this.#ids, change_order: ++this.#order, steps };
      await client.send("POST", updates, { body, signal: AbortSignal.timeout(requestTimeout) });
    });
  }

  stepLog(stepId: string, lines: readonly string[]): void {
    this.#upload("StepLogs", "logs_url", { step_backend_id: stepId }, lines);
  }

  jobLog(lines: readonly string[]): void {
    this.#upload("JobLogs", "logs_url", {}, lines);
  }

  summary(stepId: string, text: string): void {
    this.#upload("StepSummary", "summary_url", { step_backend_id: stepId }, text.split("\n"));
  }

  /** Resolves when everything asked for so far has been sent, or has failed. */
  async flush(): Promise<void> {
    await this.#queue;
  }

  #upload(
    kind: "StepLogs" | "JobLogs" | "StepSummary",
    field: "logs_url" | "summary_url",
    step: { step_backend_id?: string },
    lines: readonly string[],
  ): void {
    const text = kind === "StepSummary" ? lines.join("\n") : lines.map((line) => `${line}\n`).join("");
    this.#enqueue(async (client) => {
      const ids = { ...this.#ids, ...step };
      const options = () => ({ signal: AbortSignal.timeout(requestTimeout) });
      const signed = await client.send("POST", `${receiver}/Get${kind}SignedBlobURL`, { body: ids, ...options() });
      const address = (signed as SignedUrlResponse)[field];
      if (!address) throw new Error(`Get${kind}SignedBlobURL gave no address.`);
      const headers = { "content-type": "text/plain; charset=utf-8" };
      const response = await fetch(address, { method: "PUT", headers, body: text, ...options() });
      if (!response.ok) throw new Error(`Upload answered ${response.status}.`);
      const metadata = {
        ...ids,
        uploaded_at: new Date().toISOString(),
        ...(kind === "StepSummary" ? { size: Buffer.byteLength(text) } : { line_count: lines.length }),
      };
      await client.send("POST", `${receiver}/Create${kind}Metadata`, { body: metadata, ...options() });
    });
  }

  #enqueue(task: (client: ServiceClient) => Promise<void>): void {
    const client = this.#client;
    if (!client) return;
    this.#queue = this.#queue
      .then(() => task(client))
      .catch((error: unknown) => this.#report(`Results service: ${error instanceof Error ? error.message : error}`));
  }
}
