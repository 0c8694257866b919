// The controller's HTTP side: GitHub's webhooks in, the decision out as JSON, so that GitHub's delivery log shows for
// days why each job got its runner or did not.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Outcome } from "../fleet/act.ts";
import type { FleetLoop, Step } from "../fleet/loop.ts";
import { BadDelivery, isSigned, readWorkflowJob } from "./delivery.ts";
import { isPolicyQuestion, policyEvent } from "./policy-question.ts";
import { readBody } from "./read-body.ts";
import { isReconcileQuestion, reconcileEvent } from "./reconcile-question.ts";
import { type Recorder, record, recordFault } from "./record.ts";
import type { Schedule } from "./schedule.ts";
import { send } from "./send.ts";

export interface ServerOptions {
  loop: Pick<FleetLoop, "hear">;
  /** A delivery may be signed with any of them. */
  webhookSecrets: readonly string[];
  /** What GET /healthz tells besides `ok`: version, policy hash, whether it is connected. */
  identity(): object | Promise<object>;
  recorder: Recorder;
  /** Looks at the whole fleet, for whoever signs that question: see reconcile-question.ts. */
  look: Schedule["look"];
  /** What is told to whoever signs the question: see policy-question.ts. */
  policy: object;
}

/** GitHub sends at most 25 MB; a workflow_job event has some 10 kB. */
const largestBody = 1024 * 1024;
/** GitHub waits 10 s for an answer (docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries). */
const answerWithinMs = 8_000;
/** How long a sender of too much has to read its refusal. */
const lingerMs = 1_000;

/** Makes the server; the caller listens and closes. */
export function createControllerServer(options: ServerOptions): Server {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      options.recorder.log("error", { message: error instanceof Error ? error.message : String(error) });
      if (!response.headersSent) send(response, 500, { reason: "error", detail: "see the controller's log" });
    });
  });
  server.requestTimeout = 30_000;
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, options: ServerOptions): Promise<void> {
  const path = (request.url ?? "/").split("?")[0];
  if (path === "/healthz" && request.method === "GET") {
    return send(response, 200, { ok: true, ...(await options.identity()) });
  }
  if (path !== "/webhook") return send(response, 404, { reason: "not-found", detail: "webhooks go to POST /webhook" });
  if (request.method !== "POST") return send(response, 405, { reason: "method-not-allowed" }, { allow: "POST" });

  const delivery = header(request, "x-github-delivery");
  const body = await readBody(request, largestBody);
  if (body === "too-large") {
    options.recorder.log("refused", { status: 413, delivery });
    // The rest is never read. Ending the connection at once would take the answer away from a sender that still writes.
    response.once("finish", () => setTimeout(() => request.destroy(), lingerMs).unref());
    return send(response, 413, { reason: "body-too-large", detail: "at most 1 MiB" }, { connection: "close" });
  }
  if (!isSigned(body, header(request, "x-hub-signature-256"), options.webhookSecrets)) {
    options.recorder.log("refused", { status: 401, delivery });
    return send(response, 401, { reason: "bad-signature", detail: "X-Hub-Signature-256 is missing or wrong" });
  }
  const event = header(request, "x-github-event");
  if (event === "ping") return send(response, 200, { reason: "pong" });
  if (event === policyEvent) {
    if (isPolicyQuestion(body, Date.now())) return send(response, 200, options.policy);
    return send(response, 400, { reason: "bad-request", detail: "this is no question for the policy, or an old one" });
  }
  if (event === reconcileEvent) {
    if (isReconcileQuestion(body, Date.now())) return answerWithLook(response, options);
    return send(response, 400, { reason: "bad-request", detail: "this is no question to reconcile, or an old one" });
  }
  if (event !== "workflow_job") return send(response, 204);
  try {
    const job = readWorkflowJob(body);
    options.recorder.log("heard", { delivery, job: job.id, repository: job.repository, status: job.status });
    await answerWithDecisions(response, options.loop.hear(job), options);
  } catch (error) {
    if (!(error instanceof BadDelivery)) throw error;
    options.recorder.log("refused", { status: 400, delivery, message: error.message });
    send(response, 400, { reason: "bad-request", detail: error.message });
  }
}

async function answerWithDecisions(response: ServerResponse, heard: Promise<Step[]>, options: ServerOptions) {
  const due = Promise.withResolvers<"due">();
  const timer = setTimeout(() => due.resolve("due"), answerWithinMs);
  const late: Outcome = {
    reason: "defer:answer-due",
    detail: "the work goes on; the log and the schedule tell",
    done: false,
  };
  try {
    const all = heard.then(
      (steps) => steps.map((step) => record(step, options.recorder)),
      (error: unknown) => [Promise.resolve(recordFault(error, options.recorder))],
    );
    const outcomes = await Promise.race([all, due.promise]);
    const told = outcomes === "due" ? [late] : await Promise.all(outcomes.map((o) => Promise.race([o, due.promise])));
    const answers = told.map((outcome) => (outcome === "due" ? late : outcome));
    const [first, ...more] = answers.map(({ done: _, ...rest }) => rest);
    send(response, answers.every((outcome) => outcome.done) ? 200 : 202, {
      ...first,
      ...(more.length > 0 ? { more } : {}),
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Modal redirects a request that takes longer than 150 s (modal.com/docs/guide/webhook-timeouts). */
const lookWithinMs = 100_000;

async function answerWithLook(response: ServerResponse, { look }: ServerOptions): Promise<void> {
  const due = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => due.resolve(undefined), lookWithinMs);
  const looked = await Promise.race([look(), due.promise]);
  clearTimeout(timer);
  if (looked === undefined) send(response, 202, { reason: "reconciling", detail: "the work goes on" });
  else if (looked.ok) send(response, 200, { reason: "reconciled", detail: looked.detail, toDo: looked.toDo });
  else send(response, 500, { reason: "error", detail: looked.detail });
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
