import { createHmac } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { policyQuestion } from "../../../src/lib/controller/policy-question.ts";
import type { Looked } from "../../../src/lib/controller/schedule.ts";
import { createControllerServer } from "../../../src/lib/controller/server.ts";
import type { Outcome } from "../../../src/lib/fleet/act.ts";
import type { Step } from "../../../src/lib/fleet/loop.ts";
import { Unavailable } from "../../../src/lib/fleet/ports.ts";
import type { Job } from "../../../src/lib/fleet/snapshot.ts";
import { job } from "../fleet/fixtures.ts";

const secret = "It's a Secret to Everybody";
const otherSecret = "of another App";
let server: Server;
let url: string;
let logged: string[];
let heard: Job[];
let answer: (news: Job) => Promise<Step[]>;
let looked: Looked;
let looks: number;

function step(reason: Outcome["reason"], more: Partial<Outcome> = {}): Step {
  const decision = { action: "none" as const, reason, detail: "", job: job(1) };
  return { decision, outcome: Promise.resolve({ reason, detail: `because ${reason}`, done: true, ...more }) };
}

async function post(body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  return fetch(`${url}/webhook`, {
    method: "POST",
    body: body as string,
    headers: { "x-github-event": "workflow_job", "x-hub-signature-256": signature, ...headers },
  });
}

/** The part of GitHub's examples that is compared. The package's own types do not fit how Node loads it. */
interface Example {
  action: string;
  workflow_job: { id: number; labels: string[]; runner_name: string | null };
  repository: { full_name: string };
}
const events = createRequire(import.meta.url)("@octokit/webhooks-examples") as { name: string; examples: Example[] }[];
const examples = events.find((event) => event.name === "workflow_job")?.examples ?? [];
const queued = examples.find((example) => example.action === "queued");
const body = JSON.stringify(queued);

beforeEach(async () => {
  logged = [];
  heard = [];
  answer = async () => [step("ignore:nothing-to-do")];
  looked = { ok: true, toDo: 3, detail: "the whole fleet was looked at" };
  looks = 0;
  server = createControllerServer({
    loop: {
      hear: (news) => {
        heard.push(news);
        return answer(news);
      },
    },
    webhookSecrets: [secret, otherSecret],
    identity: async () => ({ policy: "abc123" }),
    look: async () => {
      looks++;
      return looked;
    },
    policy: { fleet: "test" },
    recorder: { log: (event, fields) => logged.push(JSON.stringify({ event, ...fields })), note: () => undefined },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe("a signed workflow_job event", () => {
  it("is answered with the decision, its reason code first", async () => {
    answer = async () => [step("spawn", { runnerName: "cpu-1", sandboxId: "sb-1" }), step("terminate:surplus")];
    const response = await post(body);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      job: 1,
      reason: "spawn",
      detail: "because spawn",
      runnerName: "cpu-1",
      sandboxId: "sb-1",
      more: [{ job: 1, reason: "terminate:surplus", detail: "because terminate:surplus" }],
    });
  });

  it.each(examples.map((example, index) => [index, example] as const))(
    "of GitHub's own example %i is understood",
    async (_, example) => {
      expect((await post(JSON.stringify(example))).status).toBe(200);
      const { workflow_job: given, repository } = example;
      expect(heard).toMatchObject([
        { id: given.id, labels: given.labels, runnerName: given.runner_name || null, repository: repository.full_name },
      ]);
    },
  );

  it("may be signed with any of the Apps' secrets", async () => {
    const signed = (key: string) => `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
    expect((await post(body, { "x-hub-signature-256": signed(otherSecret) })).status).toBe(200);
    expect((await post(body, { "x-hub-signature-256": signed("of nobody") })).status).toBe(401);
    expect(heard).toHaveLength(1);
  });

  it("that is put off is answered 202 with the reason", async () => {
    answer = async () => [step("defer:rate-limited", { done: false, retryAfterSeconds: 30 })];
    const response = await post(body);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ reason: "defer:rate-limited", retryAfterSeconds: 30 });
  });

  it("is answered even when the fleet cannot be observed", async () => {
    answer = async () => {
      throw new Unavailable("modal", "Modal is down");
    };
    const response = await post(body);
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ reason: "defer:modal-unavailable", detail: "Modal is down" });
  });
});

describe("refusals", () => {
  it.each([
    ["wrong", { "x-hub-signature-256": `sha256=${"0".repeat(64)}` }],
    ["short", { "x-hub-signature-256": "sha256=00" }],
    ["empty", { "x-hub-signature-256": "" }],
  ])("401 for a %s signature, before the body is looked at", async (_, headers) => {
    expect((await post("not even JSON", headers)).status).toBe(401);
    expect(heard).toEqual([]);
    expect(logged).toHaveLength(1);
    expect(logged[0]).not.toContain(secret);
    expect(logged[0]).not.toContain("sha256=");
    expect(logged[0]).not.toContain("not even JSON");
  });

  it.each([
    ["no JSON", "{"],
    ["another shape", '{"action":"queued"}'],
    ["a job id that is none", body.replace(/"id":\d+,"run_id"/, '"id":"x","run_id"')],
  ])("400 for %s, without repeating it", async (_, text) => {
    const response = await post(text);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { reason: string }).reason).toBe("bad-request");
    expect(heard).toEqual([]);
  });

  it("413 for a body that says it has 26 MB, before any of it has come", async () => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(`POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-length: ${26 * 1024 * 1024}\r\n\r\n`);
    const [answered] = (await once(socket, "data")) as [Buffer];
    expect(answered.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it("413 for a body that does not say its length, as soon as it is too much", async () => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("POST /webhook HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    const chunk = Buffer.alloc(64 * 1024, "x");
    let isAnswered = false;
    const answered = once(socket, "data").then(([data]) => {
      isAnswered = true;
      return (data as Buffer).toString();
    });
    let sent = 0;
    while (!isAnswered && sent < 26 * 1024 * 1024) {
      socket.write(`${chunk.length.toString(16)}\r\n`);
      socket.write(chunk);
      if (!socket.write("\r\n")) await Promise.race([once(socket, "drain"), answered]);
      sent += chunk.length;
    }
    expect(await answered).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeLessThan(26 * 1024 * 1024);
    socket.destroy();
  });

  it("404 elsewhere, 405 for another method", async () => {
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/webhook`)).status).toBe(405);
  });
});

describe("other events", () => {
  it("ping is answered 200, anything else 204, and neither reaches the fleet", async () => {
    expect((await post("{}", { "x-github-event": "ping" })).status).toBe(200);
    expect((await post("{}", { "x-github-event": "push" })).status).toBe(204);
    expect(heard).toEqual([]);
  });

  it("the policy is told to whoever signs that very question, now", async () => {
    const headers = { "x-github-event": "modal-gha-policy" };
    const told = await post(policyQuestion(Date.now()), headers);
    expect([told.status, await told.json()]).toEqual([200, { fleet: "test" }]);
    expect((await post(policyQuestion(Date.now() - 3_600_000), headers)).status).toBe(400);
    // A delivery of GitHub's that somebody caught.
    expect((await post(body, headers)).status).toBe(400);
    expect((await post(policyQuestion(Date.now()), { ...headers, "x-hub-signature-256": "sha256=00" })).status).toBe(
      401,
    );
  });

  it("the fleet is looked at for whoever signs that very question, now", async () => {
    const headers = { "x-github-event": "modal-gha-reconcile" };
    const question = (at: number) => JSON.stringify({ ask: "reconcile", at });
    const told = await post(question(Date.now()), headers);
    expect([told.status, await told.json()]).toMatchObject([200, { reason: "reconciled", toDo: 3 }]);
    looked = { ok: false, toDo: 0, detail: "Modal is down" };
    const failed = await post(question(Date.now()), headers);
    expect([failed.status, await failed.json()]).toEqual([500, { reason: "error", detail: "Modal is down" }]);
    expect((await post(question(Date.now() - 3_600_000), headers)).status).toBe(400);
    expect((await post(policyQuestion(Date.now()), headers)).status).toBe(400);
    expect((await post(question(Date.now()), { ...headers, "x-hub-signature-256": "sha256=00" })).status).toBe(401);
    expect(looks).toBe(2);
  });

  it("healthz tells what runs", async () => {
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true, policy: "abc123" });
  });
});
