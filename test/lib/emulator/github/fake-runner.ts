// A runner reduced to its conversation with GitHub: it says of each job what the test tells it to say.
import { createPrivateKey, type JsonWebKey, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type {
  AgentJobRequestMessage,
  BrokerMessage,
  JitConfigFiles,
  OAuthTokenResponse,
  RunnerCredentials,
  RunnerJobRequest,
  RunnerRsaParameters,
  RunnerSession,
  RunnerSettings,
  StepsUpdateRequest,
  TaskResult,
} from "../../../../src/lib/emulator/runner-protocol.ts";

function decode<T>(text: string): T {
  return JSON.parse(Buffer.from(text, "base64").toString()) as T;
}

function base64url(text: string): string {
  return Buffer.from(text, "base64").toString("base64url");
}

export class FakeRunner {
  readonly settings: RunnerSettings;
  readonly #credentials: RunnerCredentials;
  readonly #rsa: RunnerRsaParameters;
  #token = "";
  #sessionId = "";

  constructor(encodedJitConfig: string) {
    const files = decode<JitConfigFiles>(encodedJitConfig);
    this.settings = decode(files[".runner"]);
    this.#credentials = decode(files[".credentials"]);
    this.#rsa = decode(files[".credentials_rsaparams"]);
  }

  /** The answer of the token endpoint to an assertion signed with the key of the configuration, or with another. */
  async requestToken(key: RunnerRsaParameters = this.#rsa): Promise<Response> {
    const { ClientId, AuthorizationUrl } = this.#credentials.Data;
    const jwk: JsonWebKey = {
      kty: "RSA",
      n: base64url(key.modulus),
      e: base64url(key.exponent),
      d: base64url(key.d),
      p: base64url(key.p),
      q: base64url(key.q),
      dp: base64url(key.dp),
      dq: base64url(key.dq),
      qi: base64url(key.inverseQ),
    };
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: "PS256" })
      .setIssuer(ClientId)
      .setSubject(ClientId)
      .setAudience(AuthorizationUrl)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(createPrivateKey({ key: jwk, format: "jwk" }));
    return fetch(AuthorizationUrl, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      }),
    });
  }

  get key(): RunnerRsaParameters {
    return this.#rsa;
  }

  async openSession(): Promise<Response> {
    const token = (await (await this.requestToken()).json()) as OAuthTokenResponse;
    this.#token = token.access_token;
    const agent = { id: Number(this.settings.AgentId), name: this.settings.AgentName, version: "2.337.0" };
    const response = await this.post(`${this.settings.ServerUrlV2}session`, {
      ownerName: "test (PID: 1)",
      agent: { ...agent, osDescription: "Linux" },
    });
    if (response.ok) this.#sessionId = ((await response.clone().json()) as RunnerSession).sessionId;
    return response;
  }

  /** Connects, and fails the test if that does not work. */
  async connect(): Promise<this> {
    const response = await this.openSession();
    if (!response.ok) throw new Error(`The session was refused: ${response.status} ${await response.text()}`);
    return this;
  }

  poll(
    status: "Online" | "Busy" = "Online",
    options: { signal?: AbortSignal; version?: string } = {},
  ): Promise<Response> {
    const url = new URL("message", this.settings.ServerUrlV2);
    const query = { sessionId: this.#sessionId, status, runnerVersion: options.version ?? "2.337.0", os: "Linux" };
    url.search = new URLSearchParams({ ...query, architecture: "X64", disableUpdate: "true" }).toString();
    const headers = { authorization: `Bearer ${this.#token}` };
    return fetch(url, { headers, ...(options.signal && { signal: options.signal }) });
  }

  async message(status: "Online" | "Busy" = "Online"): Promise<BrokerMessage | undefined> {
    const response = await this.poll(status);
    if (response.status === 202) return undefined;
    if (!response.ok) throw new Error(`No message: ${response.status} ${await response.text()}`);
    return (await response.json()) as BrokerMessage;
  }

  /** Waits for the offer of a job. */
  async offer(): Promise<RunnerJobRequest> {
    const message = await this.message();
    if (message?.messageType !== "RunnerJobRequest") throw new Error(`Not a job: ${JSON.stringify(message)}`);
    return JSON.parse(message.body) as RunnerJobRequest;
  }

  acknowledge(runnerRequestId: string): Promise<Response> {
    return this.post(`${this.settings.ServerUrlV2}acknowledge?sessionId=${this.#sessionId}`, { runnerRequestId });
  }

  acquire(request: RunnerJobRequest): Promise<Response> {
    const body = {
      jobMessageId: request.runner_request_id,
      runnerOS: "Linux",
      billingOwnerId: request.billing_owner_id,
    };
    return this.post(`${request.run_service_url}acquirejob`, body);
  }

  /** Waits for a job and takes it. */
  async take(): Promise<FakeJob> {
    const request = await this.offer();
    const acknowledged = await this.acknowledge(request.runner_request_id);
    const response = await this.acquire(request);
    if (!acknowledged.ok || !response.ok) throw new Error(`The job was refused: ${response.status}`);
    return new FakeJob((await response.json()) as AgentJobRequestMessage);
  }

  closeSession(): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}` };
    return fetch(`${this.settings.ServerUrlV2}session`, { method: "DELETE", headers });
  }

  post(url: string, body: unknown): Promise<Response> {
    return post(url, body, this.#token);
  }
}

export class FakeJob {
  readonly message: AgentJobRequestMessage;
  readonly #url: string;
  readonly #results: string;
  readonly #token: string;

  constructor(message: AgentJobRequestMessage) {
    const [endpoint] = message.resources.endpoints;
    if (!endpoint) throw new Error("The job message names no endpoint.");
    this.message = message;
    this.#url = endpoint.url;
    this.#results = endpoint.data.ResultsServiceUrl;
    this.#token = endpoint.authorization.parameters.AccessToken;
  }

  get #reference() {
    const { plan, jobId } = this.message;
    return { workflow_run_backend_id: plan.planId, workflow_job_run_backend_id: jobId };
  }

  renew(): Promise<Response> {
    const { plan, jobId } = this.message;
    return post(`${this.#url}renewjob`, { planId: plan.planId, jobId }, this.#token);
  }

  complete(conclusion: TaskResult = "succeeded", outputs: Record<string, string> = {}): Promise<Response> {
    const { plan, jobId } = this.message;
    const values = Object.entries(outputs).map(([name, value]) => [name, { value }]);
    const body = { planId: plan.planId, jobId, conclusion, outputs: Object.fromEntries(values) };
    return post(`${this.#url}completejob`, { ...body, stepResults: [], annotations: [] }, this.#token);
  }

  updateSteps(change_order: number, steps: StepsUpdateRequest["steps"]): Promise<Response> {
    const method = "github.actions.results.api.v1.WorkflowStepUpdateService/WorkflowStepsUpdate";
    return this.#twirp(method, { ...this.#reference, change_order, steps });
  }

  /** Uploads a log or summary the way the runner does: ask for an address, PUT there, report it. */
  async upload(
    what: "StepLogs" | "JobLogs" | "StepSummary",
    stepId: string | undefined,
    parts: string[],
  ): Promise<void> {
    const body = { ...this.#reference, ...(stepId && { step_backend_id: stepId }) };
    const service = "results.services.receiver.Receiver";
    const signed = await this.#twirp(`${service}/Get${what}SignedBlobURL`, body);
    const { logs_url, summary_url } = (await signed.json()) as { logs_url?: string; summary_url?: string };
    const url = logs_url ?? summary_url;
    await fetch(`${url}`, { method: "PUT", body: "" });
    for (const part of parts) await fetch(`${url}&comp=appendblock`, { method: "PUT", body: part });
    await this.#twirp(`${service}/Create${what}Metadata`, { ...body, uploaded_at: new Date().toISOString() });
  }

  #twirp(method: string, body: unknown): Promise<Response> {
    return post(`${this.#results}twirp/${method}`, body, this.#token);
  }
}

function post(url: string, body: unknown, token: string): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  });
}
