// The run service: takes a job, keeps its lease, and hands in its result (src/Sdk/RSWebApi/RunServiceHttpClient.cs).
import { setTimeout as delay } from "node:timers/promises";
import type {
  AcquireJobRequest,
  AgentJobRequestMessage,
  CompleteJobRequest,
  RenewJobRequest,
  RunnerJobRequest,
} from "../runner-protocol.ts";
import { ServiceClient, ServiceError, type TokenSource } from "./service-client.ts";
import { runnerOs } from "./version.ts";

const renewInterval = 60_000;
const retryDelay = 5_000;

/** A job that cannot be had: 404 gone, 409 taken, 422 not runnable. The runner skips it and polls on. */
export class JobUnavailableError extends Error {
  override readonly name = "JobUnavailableError";
}

const unavailable: Record<number, string> = {
  404: "Job message not found",
  409: "Job message already acquired",
  422: "Unprocessable job",
};

/** @throws JobUnavailableError, ServiceError */
export async function acquireJob(request: RunnerJobRequest, tokens: TokenSource): Promise<AgentJobRequestMessage> {
  const client = new ServiceClient(request.run_service_url, tokens);
  const body: AcquireJobRequest = {
    jobMessageId: request.runner_request_id,
    runnerOS: runnerOs(),
    billingOwnerId: request.billing_owner_id,
  };
  try {
    return (await client.send("POST", "acquirejob", { body })) as AgentJobRequestMessage;
  } catch (error) {
    const problem = error instanceof ServiceError ? unavailable[error.status] : undefined;
    if (!problem) throw error;
    throw new JobUnavailableError(`${problem} '${request.runner_request_id}'. ${(error as Error).message}`);
  }
}

/** The job's own token, address and results service, as its message says. */
export function systemConnection(message: AgentJobRequestMessage): {
  url: string;
  token: string;
  resultsUrl: string | undefined;
} {
  const endpoint = message.resources.endpoints.find(({ name }) => name === "SystemVssConnection");
  if (!endpoint) throw new Error("The job message names no SystemVssConnection.");
  return {
    url: endpoint.url,
    token: endpoint.authorization.parameters.AccessToken,
    resultsUrl: message.variables["system.github.results_endpoint"]?.value ?? endpoint.data.ResultsServiceUrl,
  };
}

export class JobLease {
  readonly #client: ServiceClient;
  readonly #job: RenewJobRequest;
  readonly #stop = new AbortController();

  constructor(message: AgentJobRequestMessage) {
    const { url, token } = systemConnection(message);
    this.#client = new ServiceClient(url, async () => token);
    this.#job = { planId: message.plan.planId, jobId: message.jobId };
  }

  /** Renews at once, then every minute until `stop`. @returns "lost" when the service says that the job is no longer ours. */
  async keep(onFirst: () => void): Promise<"lost" | "stopped"> {
    const { signal } = this.#stop;
    for (let first = true; !signal.aborted; first = false) {
      try {
        await this.#client.send("POST", "renewjob", { body: this.#job, signal });
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof ServiceError && error.status === 404) return "lost";
      }
      if (first) onFirst();
      await delay(renewInterval, undefined, { signal }).catch(() => {});
    }
    return "stopped";
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Hands in the result; tries five times, unless the service says that the job is gone. */
  async complete(request: Omit<CompleteJobRequest, "planId" | "jobId">): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#client.send("POST", "completejob", {
          body: { ...this.#job, ...request } satisfies CompleteJobRequest,
        });
        return;
      } catch (error) {
        const final = error instanceof ServiceError && [401, 404].includes(error.status);
        if (final || attempt === 5) throw error;
        await delay(retryDelay);
      }
    }
  }
}
