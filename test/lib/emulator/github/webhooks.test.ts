import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { verify } from "@octokit/webhooks-methods";
import { describe, expect, test } from "vitest";
import {
  appOctokitOf,
  buildWorkflow,
  emulatorWith,
  eventOf,
  octokitOf,
  type ReceivedWebhook,
  repo,
  runnerWith,
  webhookReceiver,
} from "./harness.ts";

type Json = Record<string, unknown>;

function payloadOf(webhook: ReceivedWebhook | undefined): { action: string; workflow_job: Json } & Json {
  return JSON.parse(webhook?.body ?? "");
}

/** GitHub's own payloads of an event. */
function examplesOf(name: string): unknown[] {
  const file = fileURLToPath(import.meta.resolve("@octokit/webhooks-examples/api.github.com/index.json"));
  const events = JSON.parse(readFileSync(file, "utf8")) as { name: string; examples: unknown[] }[];
  return events.find((event) => event.name === name)?.examples ?? [];
}

function keysOf(value: unknown): string[] {
  return Object.keys(value as Json).sort();
}

describe("workflow_job webhooks", () => {
  test("follow a job, signed, with GitHub's headers", async () => {
    const receiver = await webhookReceiver();
    const github = await emulatorWith(buildWorkflow, { app: { webhookUrl: receiver.url, webhookSecret: "hush" } });
    await octokitOf(github).actions.createWorkflowDispatch({ ...repo, workflow_id: "ci.yml", ref: "main" });
    const [queued] = await receiver.take(1);
    expect(await verify("hush", queued!.body, String(queued!.headers["x-hub-signature-256"]))).toBe(true);
    const sha1 = createHmac("sha1", "hush").update(queued!.body).digest("hex");
    expect(queued!.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": expect.stringMatching(/^GitHub-Hookshot\//),
      "x-github-event": "workflow_job",
      "x-github-delivery": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "x-github-hook-id": expect.stringMatching(/^\d+$/),
      "x-github-hook-installation-target-id": String(github.app.id),
      "x-github-hook-installation-target-type": "integration",
      "x-hub-signature": `sha1=${sha1}`,
    });
    expect(payloadOf(queued)).toMatchObject({
      action: "queued",
      workflow_job: { status: "queued", labels: ["modal"], runner_id: null, runner_name: null, completed_at: null },
      repository: { full_name: "acme/widgets", private: true },
      organization: { login: "acme" },
      sender: { login: "octocat" },
      installation: { id: github.app.installationId },
    });

    const runner = await runnerWith(github, ["modal"]);
    const job = await runner.take();
    await receiver.take(2);
    await job.complete("failed");
    const [, started, completed] = await receiver.take(3);
    const { id } = payloadOf(queued).workflow_job;
    const runner_name = runner.settings.AgentName;
    expect(payloadOf(started)).toMatchObject({
      action: "in_progress",
      workflow_job: { id, status: "in_progress", runner_name, runner_group_name: "Default" },
    });
    expect(payloadOf(completed)).toMatchObject({
      action: "completed",
      workflow_job: { id, status: "completed", conclusion: "failure", runner_name },
    });
  });

  test("have the members of GitHub's own", async () => {
    const receiver = await webhookReceiver();
    const github = await emulatorWith(buildWorkflow, { app: { webhookUrl: receiver.url } });
    await github.trigger({ repository: "widgets", event: "push" });
    const payload = payloadOf((await receiver.take(1))[0]);
    const own = examplesOf("workflow_job")
      .map((example) => example as Json & { workflow_job: Json; repository: Json })
      .filter((example) => "run_attempt" in example.workflow_job && "created_at" in example.workflow_job);
    expect(own.length).toBeGreaterThan(2);
    for (const example of own) {
      expect(keysOf(payload.workflow_job)).toEqual(expect.arrayContaining(keysOf(example.workflow_job)));
      const { has_discussions: _, ...repository } = example.repository;
      expect(keysOf(payload["repository"])).toEqual(expect.arrayContaining(keysOf(repository)));
      expect(keysOf(payload["sender"])).toEqual(expect.arrayContaining(keysOf(example["sender"])));
    }
  });

  test("of a skipped job are one, completed and without labels", async () => {
    const receiver = await webhookReceiver();
    const github = await emulatorWith(
      `
on: push
jobs:
  build: { if: false, runs-on: [modal], steps: [{ run: "true" }] }
`,
      { app: { webhookUrl: receiver.url } },
    );
    await github.trigger({ repository: "widgets", event: "push" });
    const [only] = await receiver.take(1);
    expect(payloadOf(only)).toMatchObject({
      action: "completed",
      workflow_job: { conclusion: "skipped", labels: [], runner_id: null, started_at: expect.any(String) },
    });
    expect(github.state().runs).toMatchObject([{ status: "completed", conclusion: "skipped" }]);
  });
});

describe("the delivery log", () => {
  test("keeps what was sent and answered; a redelivery has the same GUID", async () => {
    const answers = [
      { status: 500, body: { error: "asleep" } },
      { status: 202, body: { decision: "spawn" } },
    ];
    const receiver = await webhookReceiver(() => answers.shift() ?? { status: 200, body: {} });
    const github = await emulatorWith(buildWorkflow, { app: { webhookUrl: receiver.url } });
    const delivered = () => eventOf(github, (event) => event.type === "delivery");
    const app = appOctokitOf(github).apps;

    const first = delivered();
    await github.trigger({ repository: "widgets", event: "push" });
    await first;
    const { data: failed } = await app.listWebhookDeliveries();
    expect(failed).toMatchObject([
      {
        status: "Invalid HTTP Response: 500",
        status_code: 500,
        event: "workflow_job",
        action: "queued",
        redelivery: false,
      },
    ]);
    const second = delivered();
    expect((await app.redeliverWebhookDelivery({ delivery_id: Number(failed[0]!.id) })).status).toBe(202);
    await second;
    const { data: both } = await app.listWebhookDeliveries();
    expect(both).toMatchObject([{ status: "OK", status_code: 202, redelivery: true }, { redelivery: false }]);
    expect(both[0]!.guid).toBe(failed[0]!.guid);
    expect(receiver.received[1]!.body).toBe(receiver.received[0]!.body);
    const { data: detail } = await app.getWebhookDelivery({ delivery_id: Number(both[0]!.id) });
    expect(detail.response.payload).toBe(JSON.stringify({ decision: "spawn" }));
    expect(detail.request).toMatchObject({
      headers: { "X-GitHub-Delivery": both[0]!.guid },
      payload: { action: "queued" },
    });

    const page = await app.listWebhookDeliveries({ per_page: 1 });
    const cursor = /cursor=([^&>]+)/.exec(page.headers.link ?? "")![1]!;
    expect((await app.listWebhookDeliveries({ per_page: 1, cursor })).data).toMatchObject([{ redelivery: false }]);
    expect((await app.listWebhookDeliveries({ status: "failure" })).data).toHaveLength(1);
  });

  test("says that nobody answered", async () => {
    const github = await emulatorWith(buildWorkflow, { app: { webhookUrl: "http://127.0.0.1:1/" } });
    const delivered = eventOf(github, (event) => event.type === "delivery");
    await github.trigger({ repository: "widgets", event: "push" });
    await delivered;
    expect(github.state().deliveries).toMatchObject([{ status: "failed to connect to host", statusCode: 502 }]);
  });

  test("the hook's configuration can be changed, and hides its secret", async () => {
    const receiver = await webhookReceiver();
    const github = await emulatorWith(buildWorkflow);
    const app = appOctokitOf(github).apps;
    expect((await app.getWebhookConfigForApp()).data.secret).toBe("********");
    // As `data`, since Octokit takes a parameter `url` for the address of the request itself.
    const change = { data: { url: receiver.url, secret: "new", content_type: "form" } };
    expect((await appOctokitOf(github).request("PATCH /app/hook/config", change)).data).toEqual({
      url: receiver.url,
      secret: "********",
      content_type: "form",
      insecure_ssl: "0",
    });
    await github.trigger({ repository: "widgets", event: "push" });
    const [webhook] = await receiver.take(1);
    expect(await verify("new", webhook!.body, String(webhook!.headers["x-hub-signature-256"]))).toBe(true);
    expect(JSON.parse(new URLSearchParams(webhook!.body).get("payload")!)).toMatchObject({ action: "queued" });
  });
});

test("deliveries can be lost and doubled by the seam for faults", async () => {
  const receiver = await webhookReceiver();
  const github = await emulatorWith(buildWorkflow, {
    app: { webhookUrl: receiver.url },
    deliver: async ({ action }, send) => {
      if (action === "queued") return;
      await Promise.all([send(), send()]);
    },
  });
  const [run_id] = await github.trigger({ repository: "widgets", event: "push" });
  await octokitOf(github).actions.cancelWorkflowRun({ ...repo, run_id: run_id! });
  const webhooks = await receiver.take(2);
  expect(webhooks.map((webhook) => payloadOf(webhook).action)).toEqual(["completed", "completed"]);
  expect(webhooks[0]!.headers["x-github-delivery"]).toBe(webhooks[1]!.headers["x-github-delivery"]);
});
