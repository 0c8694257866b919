import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JobView } from "../../src/lib/emulator/github/views.ts";
import { runnerName } from "../../src/lib/fleet/names.ts";
import { connectGitHub } from "../../src/lib/github/client.ts";
import { connectModal } from "../../src/lib/modal/client.ts";
import type { ReconciledItem } from "../../src/lib/operations/reconcile-fleet.ts";
import { type Rehearsal, type RehearsalOptions, startRehearsal } from "../../src/lib/rehearsal/rehearsal.ts";
import { run, until } from "./cli.ts";

let scratch: string;
let fleet: Rehearsal | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "resilience-test-"));
});

afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
  rmSync(scratch, { recursive: true, force: true });
});

const jobs = (count: number, label = "modal") => `on: workflow_dispatch
jobs:
${Array.from({ length: count }, (_, n) => `  job${n}:\n    runs-on: ${label}\n    steps: [{ run: echo hello }]\n`).join("")}`;

async function startFleet(workflow: string, options: Partial<RehearsalOptions> = {}): Promise<Rehearsal> {
  mkdirSync(join(scratch, "app", ".github", "workflows"), { recursive: true });
  writeFileSync(join(scratch, "app", ".github", "workflows", "test.yml"), workflow);
  writeFileSync(
    join(scratch, "policy.yaml"),
    "fleet: test\ngithub: { owner: acme }\npools: [{ name: cpu, labels: [modal] }, { name: spare, labels: [other] }]\n",
  );
  fleet = await startRehearsal({
    repositoryDirectory: join(scratch, "app"),
    repository: "app",
    policyFile: join(scratch, "policy.yaml"),
    ...options,
  });
  return fleet;
}

async function expectEmpty(rehearsal: Rehearsal): Promise<void> {
  const isEmpty = () => rehearsal.modal.running().length === 0 && rehearsal.github.state().runners.length === 0;
  await until("the fleet is empty", isEmpty);
}

function expectEachRanOnce(all: JobView[], count: number): void {
  expect(all.map((job) => job.conclusion)).toEqual(Array(count).fill("success"));
  expect(new Set(all.map((job) => job.runner?.name)).size).toBe(count);
}

describe("the controller, through the emulators and the unmodified SDKs", () => {
  it("runs every job although no queued webhook ever comes", async () => {
    const rehearsal = await startFleet(jobs(3), {
      reconcileSeconds: 1,
      github: { deliver: async (delivery, send) => (delivery.action === "queued" ? undefined : send()) },
    });
    await rehearsal.github.trigger({ repository: "app", event: "workflow_dispatch" });
    await rehearsal.github.settled();
    expectEachRanOnce(rehearsal.github.state().jobs, 3);
    await expectEmpty(rehearsal);
  });

  it("killed between minting a runner and creating its Sandbox: the job runs once, and the registration goes", async () => {
    const minted = Promise.withResolvers<void>();
    let isFirst = true;
    const rehearsal = await startFleet(jobs(1), {
      reconcileSeconds: 1,
      modal: {
        intercept: async ({ method }) => {
          if (method !== "SandboxCreateV2" || !isFirst) return "proceed";
          isFirst = false;
          minted.resolve();
          // The controller will not live to see the reply; nothing is created.
          await new Promise(() => undefined);
          return "proceed";
        },
      },
    });
    await rehearsal.github.trigger({ repository: "app", event: "workflow_dispatch" });
    await minted.promise;
    process.kill(rehearsal.controller.pid, "SIGKILL");
    const [stray] = rehearsal.github.state().runners;
    await rehearsal.startController();
    await rehearsal.github.settled();
    const [job] = rehearsal.github.state().jobs;
    expect(job?.conclusion).toBe("success");
    expect(job?.runner?.name).not.toBe(stray?.name);
    // A registration without a Sandbox is given five minutes, since another controller may be creating it; by hand too.
    expect(rehearsal.github.state().runners.map((runner) => runner.name)).toContain(stray?.name);
    const octokit = await connectGitHub({
      apiUrl: rehearsal.github.url,
      credentials: { kind: "token", token: rehearsal.github.token },
      owner: "acme",
    });
    await octokit.request("DELETE /orgs/acme/actions/runners/{id}", { id: stray?.id });
    await expectEmpty(rehearsal);
  });

  it("given one delivery five times at once at two controllers, starts one Sandbox", async () => {
    const rehearsal = await startFleet(jobs(1), {
      github: { deliver: async (delivery, send) => (delivery.action === "queued" ? undefined : send()) },
    });
    const other = await rehearsal.startController();
    await rehearsal.github.trigger({ repository: "app", event: "workflow_dispatch" });
    const [job] = rehearsal.github.state().jobs;
    const body = JSON.stringify({
      action: "queued",
      repository: { full_name: job?.repository },
      workflow_job: {
        id: job?.id,
        run_id: job?.runId,
        name: job?.name,
        labels: job?.labels,
        status: "queued",
        created_at: job?.createdAt.toISOString(),
      },
    });
    const signature = createHmac("sha256", rehearsal.github.app.webhookSecret).update(body).digest("hex");
    const send = async (url: string) => {
      const headers = { "x-github-event": "workflow_job", "x-hub-signature-256": `sha256=${signature}` };
      const response = await fetch(url, { method: "POST", body, headers });
      return ((await response.json()) as { reason: string }).reason;
    };
    const urls = [1, 2, 3, 4, 5].flatMap(() => [rehearsal.webhookUrl, `${other.url}/webhook`]);
    const reasons = await Promise.all(urls.map(send));
    expect(reasons.filter((reason) => reason === "spawn")).toHaveLength(1);
    expect(new Set(reasons)).toEqual(new Set(["spawn", "ignore:already-provisioned"]));
    await rehearsal.github.settled();
    expectEachRanOnce(rehearsal.github.state().jobs, 1);
    await expectEmpty(rehearsal);
  });
});

describe("modal-gha reconcile", () => {
  it("names each kind of damage, and mends it", async () => {
    const rehearsal = await startFleet(jobs(1), {
      // The controller stays out of it: no webhooks, no schedule.
      reconcileSeconds: 0,
      github: { deliver: async () => undefined },
    });
    const { github, modal } = rehearsal;
    const octokit = await connectGitHub({
      apiUrl: github.url,
      credentials: { kind: "token", token: github.token },
      owner: "acme",
    });
    const access = await connectModal({ fleet: "test", tokenId: modal.tokenId, tokenSecret: modal.tokenSecret });
    const image = await access.client.images.fromName("modal-gha-runner");
    const named = (jobId: number, minutes: number, pool = "cpu") =>
      runnerName({ fleet: "test", pool }, jobId, 1, Date.now() - minutes * 60_000, "aaaaa");
    const register = async (name: string) => {
      const body = { name, runner_group_id: 1, labels: ["self-hosted", "modal"] };
      const { data } = await octokit.request("POST /orgs/acme/actions/runners/generate-jitconfig", body);
      return data.runner.id as number;
    };
    const sandbox = async (jobId: number, runner: string, registrationId: number, minutes = 10, pool = "cpu") => {
      const tags = {
        "managed-by": "modal-gha",
        fleet: "test",
        pool,
        repository: "acme/app",
        job: String(jobId),
        run: "1",
        attempt: "1",
        state: "waiting",
        runner,
        registration: String(registrationId),
        created: new Date(Date.now() - minutes * 60_000).toISOString(),
      };
      const created = await access.client.sandboxes.create(access.app, image, {
        name: `${jobId}-1`,
        tags,
        command: ["sleep", "300"],
      });
      return created.sandboxId;
    };

    writeFileSync(join(scratch, "app", ".github", "workflows", "other.yml"), jobs(1, "other"));
    const dispatch = async (workflow: string) => {
      const [runId] = await github.trigger({ repository: "app", event: "workflow_dispatch", workflow });
      return github.state().jobs.find((job) => job.runId === runId) as JobView;
    };

    // 1. A job that waits, and of which nothing was heard.
    const waiting = await dispatch("test.yml");
    // 2. A Sandbox whose registration is gone.
    const orphan = await sandbox(901, named(901, 10), 424242);
    // 3. A registration without a Sandbox.
    const abandoned = named(902, 10);
    await register(abandoned);
    // 4. A Sandbox whose runner never came online.
    const deaf = named(903, 30);
    const never = await sandbox(903, deaf, await register(deaf), 30);
    // 5. A Sandbox for a job that was cancelled before anything took it.
    const cancelled = await dispatch("other.yml");
    const idle = named(cancelled.id, 2, "spare");
    const needless = await sandbox(cancelled.id, idle, await register(idle), 2, "spare");
    await octokit.rest.actions.cancelWorkflowRun({ owner: "acme", repo: "app", run_id: cancelled.runId });
    await until("it is cancelled", () => github.state().jobs.some((job) => job.status === "completed"));

    const reconcile = async (...flags: string[]) => {
      const { code, stdout, stderr } = await run(["reconcile", "--json", ...flags], {
        ...rehearsal.env,
        XDG_CONFIG_HOME: scratch,
      });
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout) as ReconciledItem[];
    };
    const expected = [
      ["deregister:no-sandbox", abandoned],
      ["spawn", waiting.id],
      ["terminate:job-cancelled", needless],
      ["terminate:never-registered", never],
      ["terminate:orphan", orphan],
    ];
    const brief = (items: ReconciledItem[]) =>
      items
        .map((item) => {
          if (item.reason === "spawn") return [item.reason, item.job];
          return [item.reason, item.reason === "deregister:no-sandbox" ? item.runner : item.sandboxId];
        })
        .sort();
    expect(brief(await reconcile("--dry-run"))).toEqual(expected);
    expect(modal.running()).toHaveLength(3);
    expect(github.state().runners).toHaveLength(3);

    const mended = await reconcile();
    expect(brief(mended)).toEqual(expected);
    expect(mended.map((item) => item.done)).toEqual(Array(5).fill(true));
    await github.settled();
    expect(github.state().jobs[0]?.conclusion).toBe("success");
    await until("its own Sandbox has ended", () => modal.running().length === 0);
    expect(github.state().runners).toEqual([]);
    expect(await reconcile("--dry-run")).toEqual([]);
    access.close();
  });
});
