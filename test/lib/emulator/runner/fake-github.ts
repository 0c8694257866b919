// The smallest service that a runner can work for: token, broker, run service, results, one archive. Its state is plain
// fields, so that a test says what happens and then looks at what the runner sent.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { Hono } from "hono";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import type {
  AcknowledgeRequest,
  ActionStep,
  AgentJobRequestMessage,
  BrokerError,
  BrokerMessage,
  CompleteJobRequest,
  JitConfigFiles,
  RunnerCredentials,
  RunnerRsaParameters,
  RunnerSession,
  RunnerSettings,
  RunServiceError,
  StepsUpdateRequest,
  TemplateToken,
} from "../../../../src/lib/emulator/runner-protocol.ts";
import { toDictionaryData } from "../../../../src/lib/emulator/workflow/context-data.ts";

export const jobId = "11111111-1111-4111-8111-111111111111";
export const planId = "22222222-2222-4222-8222-222222222222";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
// Looks like a token of GitHub's, and is checked as one: header, payload, no signature.
const accessToken = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from("{}").toString("base64url")}.`;

export function scriptStep(script: TemplateToken, more: Partial<ActionStep> & { shell?: string } = {}): ActionStep {
  const { shell, ...rest } = more;
  const inputs = [{ Key: "script", Value: script }, ...(shell ? [{ Key: "shell", Value: shell }] : [])];
  return {
    type: "action",
    id: crypto.randomUUID(),
    name: "__run",
    contextName: "__run",
    condition: "success()",
    reference: { type: "script" },
    inputs: { type: 2, map: inputs },
    ...rest,
  };
}

function brokerError(errorKind: BrokerError["errorKind"], errorMessage: string): BrokerError {
  return { source: "actions-broker-listener", errorKind, statusCode: 404, errorMessage };
}

export class FakeGitHub {
  #server: ServerType | undefined;
  url = "";
  readonly requests: string[] = [];
  readonly assertions: { alg: string | undefined; iss: string | undefined; verified: boolean }[] = [];
  readonly sessions: RunnerSession[] = [];
  readonly statuses: (string | undefined)[] = [];
  readonly blobs = new Map<string, string>();
  readonly metadata: Record<string, unknown>[] = [];
  readonly updates: StepsUpdateRequest[] = [];
  readonly #messages: BrokerMessage[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #completed = Promise.withResolvers<CompleteJobRequest>();
  /** Settles with what the runner reports. */
  readonly completed = this.#completed.promise;
  job: AgentJobRequestMessage | undefined;
  /** Answers of acquirejob before the job is given: 404, 409, 422. */
  acquireErrors: (404 | 409 | 422)[] = [];
  sessionConflicts = 0;
  acknowledged: string[] = [];
  acknowledgeError: BrokerError["errorKind"] | undefined;
  messageError: { kind: BrokerError["errorKind"]; message: string } | undefined;
  oauthError: string | undefined;
  fips = false;
  archive = Buffer.alloc(0);
  archiveRequests: { url: string; authorization: string | undefined }[] = [];
  sessionsDeleted = 0;

  static async start(): Promise<FakeGitHub> {
    const fake = new FakeGitHub();
    const server = serve({ fetch: fake.#routes().fetch, hostname: "127.0.0.1", port: 0 });
    await once(server, "listening");
    fake.#server = server;
    fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server as Server;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }

  jitConfiguration(): string {
    const jwk = privateKey.export({ format: "jwk" });
    const number = (text: string | undefined) => Buffer.from(text!, "base64url").toString("base64");
    const settings: RunnerSettings = {
      AgentId: "7",
      AgentName: "stand-in-7",
      PoolId: "1",
      PoolName: "Default",
      ServerUrl: "",
      GitHubUrl: `${this.url}/octo/repo`,
      WorkFolder: "_work",
      Ephemeral: "True",
      DisableUpdate: "True",
      UseV2Flow: "True",
      ServerUrlV2: `${this.url}/broker/`,
    };
    const credentials: RunnerCredentials = {
      Scheme: "OAuth",
      Data: {
        ClientId: "client-7",
        AuthorizationUrl: `${this.url}/token`,
        RequireFipsCryptography: this.fips ? "True" : "False",
      },
    };
    const key: RunnerRsaParameters = {
      exponent: number(jwk.e),
      modulus: number(jwk.n),
      d: number(jwk.d),
      p: number(jwk.p),
      q: number(jwk.q),
      dp: number(jwk.dp),
      dq: number(jwk.dq),
      inverseQ: number(jwk.qi),
    };
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64");
    const files: JitConfigFiles = {
      ".runner": encode(settings),
      ".credentials": encode(credentials),
      ".credentials_rsaparams": encode(key),
    };
    return encode(files);
  }

  /** Puts a job into the runner's queue. */
  offer(steps: ActionStep[], more: Partial<AgentJobRequestMessage> = {}): AgentJobRequestMessage {
    this.job = {
      messageType: "PipelineAgentJobRequest",
      plan: { scopeIdentifier: planId, planId, planType: "actions", planGroup: "actions", version: 12 },
      timeline: { id: planId },
      jobId,
      jobDisplayName: "build",
      jobName: "build",
      requestId: 1,
      lockedUntil: new Date().toISOString(),
      resources: {
        endpoints: [
          {
            name: "SystemVssConnection",
            url: `${this.url}/run/`,
            authorization: { scheme: "OAuth", parameters: { AccessToken: accessToken } },
            data: { ResultsServiceUrl: `${this.url}/results/` },
          },
        ],
      },
      mask: [],
      steps,
      fileTable: [],
      ...more,
      variables: {
        "system.github.token": { value: "ghs_jobtoken", isSecret: true },
        ...more.variables,
      },
      contextData: {
        github: toDictionaryData({
          repository: "octo/repo",
          repository_owner: "octo",
          sha: "0123456789012345678901234567890123456789",
          ref: "refs/heads/main",
          run_id: "42",
          run_attempt: "1",
          api_url: this.url,
          server_url: this.url,
          workflow: "CI",
          event_name: "push",
          event: { ref: "refs/heads/main", commits: [] },
        }),
        ...more.contextData,
      },
    };
    this.send("RunnerJobRequest", {
      runner_request_id: "request-1",
      run_service_url: `${this.url}/run/`,
      billing_owner_id: "owner-1",
      should_acknowledge: true,
    });
    return this.job;
  }

  cancel(timeout = "00:05:00"): void {
    this.send("JobCancellation", { jobId, timeout });
  }

  send(messageType: BrokerMessage["messageType"], message: object): void {
    this.#messages.push({ messageId: this.requests.length + 1, messageType, body: JSON.stringify(message) });
    this.wake();
  }

  /** Lets polls that wait look again, at `messageError` for one. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
  }

  log(stepName: string): string {
    const update = this.updates.flatMap(({ steps }) => steps).find(({ name }) => name === stepName);
    return this.blobs.get(`${update?.external_id}`) ?? "";
  }

  get jobLog(): string {
    return this.blobs.get("job") ?? "";
  }

  #routes(): Hono {
    const app = new Hono();
    app.use(async (context, next) => {
      this.requests.push(`${context.req.method} ${context.req.path}`);
      await next();
    });
    app.post("/token", async (context) => {
      const { client_assertion } = await context.req.parseBody();
      await this.#inspect(String(client_assertion));
      if (this.oauthError) return context.json({ error: this.oauthError }, 400);
      return context.json({ access_token: accessToken, token_type: "bearer", expires_in: 3600 });
    });
    app.post("/broker/session", async (context) => {
      if (this.sessionConflicts-- > 0) return context.json({ errorMessage: "conflict" }, 409);
      const session: RunnerSession = { ...(await context.req.json()), sessionId: planId };
      this.sessions.push(session);
      return context.json(session);
    });
    app.delete("/broker/session", (context) => {
      this.sessionsDeleted++;
      return context.body(null, 204);
    });
    app.get("/broker/message", async (context) => {
      this.statuses.push(context.req.query("status"));
      const message = await this.#poll(context.req.raw.signal);
      if (this.messageError) return context.json(brokerError(this.messageError.kind, this.messageError.message), 403);
      return message ? context.json(message) : context.body(null, 202);
    });
    app.post("/broker/acknowledge", async (context) => {
      const request: AcknowledgeRequest = await context.req.json();
      this.acknowledged.push(request.runnerRequestId);
      return this.acknowledgeError
        ? context.json(brokerError(this.acknowledgeError, "gone"), 404)
        : context.body(null, 204);
    });
    app.post("/run/acquirejob", (context) => {
      const statusCode = this.acquireErrors.shift();
      if (!statusCode) return context.json(this.job);
      const error: RunServiceError = { source: "actions-run-service", statusCode, errorMessage: "not to be had" };
      return context.json(error, statusCode);
    });
    app.post("/run/renewjob", (context) => context.json({ lockedUntil: new Date().toISOString() }));
    app.post("/run/completejob", async (context) => {
      this.#completed.resolve(await context.req.json());
      return context.json({});
    });
    app.put("/blob/:name", async (context) => {
      this.blobs.set(context.req.param("name"), await context.req.text());
      return context.body(null, 201);
    });
    app.get("/repos/*", (context) => {
      this.archiveRequests.push({ url: context.req.path, authorization: context.req.header("authorization") });
      return this.archive.length > 0 ? context.body(new Uint8Array(this.archive)) : context.notFound();
    });
    app.post("/results/twirp/:service/:method", async (context) => {
      const input = await context.req.json();
      return context.json(this.#results(context.req.param("method"), input));
    });
    return app;
  }

  #results(method: string, input: Record<string, unknown>): object {
    if (method === "WorkflowStepsUpdate") {
      this.updates.push(input as unknown as StepsUpdateRequest);
      return { ok: true };
    }
    if (method.startsWith("Get")) {
      const summary = method.includes("Summary");
      const address = `${this.url}/blob/${summary ? "summary-" : ""}${input["step_backend_id"] ?? "job"}`;
      return { [summary ? "summary_url" : "logs_url"]: address };
    }
    this.metadata.push({ method, ...input });
    return { ok: true };
  }

  async #inspect(assertion: string): Promise<void> {
    const verified = await jwtVerify(assertion, publicKey, { audience: `${this.url}/token` }).then(
      () => true,
      () => false,
    );
    this.assertions.push({ alg: decodeProtectedHeader(assertion).alg, iss: decodeJwt(assertion).iss, verified });
  }

  async #poll(gone: AbortSignal): Promise<BrokerMessage | undefined> {
    if (this.#messages.length === 0 && !this.messageError) {
      const woken = Promise.withResolvers<void>();
      this.#waiting.add(woken.resolve);
      gone.addEventListener("abort", () => woken.resolve());
      await woken.promise;
      this.#waiting.delete(woken.resolve);
      if (gone.aborted) return undefined;
    }
    return this.#messages.shift();
  }
}
