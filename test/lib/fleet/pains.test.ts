// What operators of other runner fleets report, one test each: the link leads to a report. Each fails when the guard that
// it is about is taken out.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { startModalEmulator } from "../../../src/lib/emulator/modal/server.ts";
import { FleetLoop, type Step } from "../../../src/lib/fleet/loop.ts";
import { Unavailable } from "../../../src/lib/fleet/ports.ts";
import type { Job } from "../../../src/lib/fleet/snapshot.ts";
import { connectModal } from "../../../src/lib/modal/client.ts";
import { readSandboxLog } from "../../../src/lib/modal/sandbox-log.ts";
import { packageFile } from "../../../src/lib/package-root.ts";
import { parsePolicy } from "../../../src/lib/policy/parse.ts";
import { job, now, policy, runner, sandbox } from "./fixtures.ts";
import { InMemoryGitHub, InMemoryModal } from "./in-memory.ts";

let github: InMemoryGitHub;
let modal: InMemoryModal;
let time: number;
let loop: FleetLoop;
let count = 0;

function newLoop(given = policy()): FleetLoop {
  const random = () => (count++).toString(36).padStart(5, "0");
  return new FleetLoop({ policy: given, github, modal, now: () => time, random });
}

async function through(steps: Promise<Step[]>): Promise<string[]> {
  return (await Promise.all((await steps).map((step) => step.outcome))).map((outcome) => outcome.reason);
}

function queue(id: number, given: Partial<Job> = {}): Job {
  const queued = job(id, given);
  github.jobs.set(id, queued);
  return queued;
}

/** GitHub gives the job to this runner, or says how it ended. */
function update(id: number, given: Partial<Job>): Job {
  const updated = { ...(github.jobs.get(id) as Job), ...given };
  github.jobs.set(id, updated);
  return updated;
}

function nameOf(registrationId: number): string {
  return github.runners.get(registrationId)?.name ?? "";
}

function setBusy(registrationId: number): void {
  Object.assign(github.runners.get(registrationId) ?? {}, { busy: true, online: true });
}

beforeEach(() => {
  github = new InMemoryGitHub();
  modal = new InMemoryModal();
  time = now;
  loop = newLoop();
});

describe("pains of other fleets", () => {
  it("1. the queued webhook is never sent (actions/actions-runner-controller#2788): reconcile finds the job", async () => {
    queue(1);
    expect(await through(loop.reconcile())).toEqual(["spawn"]);
  });

  it("2. the completed webhook is missed and Sandboxes pile up (runs-on/runs-on#459): reconcile ends them", async () => {
    queue(1, { status: "completed", conclusion: "success", runnerName: runner(1) });
    modal.alive.set("sb-1", { ...sandbox(1, { busy: true }), secrets: {} });
    expect(await through(loop.reconcile())).toEqual(["finish:job-completed"]);
    expect(modal.alive.size).toBe(0);
  });

  it("3. a job waits for hours since its runner took another job (terraform-aws-github-runner#3130): it gets a new one", async () => {
    await through(loop.hear(queue(1, { labels: ["modal", "gpu-t4"] })));
    setBusy(100);
    const thief = queue(2, { status: "in_progress", runnerName: nameOf(100) });
    expect(await through(loop.hear(thief))).toEqual(["assign:picked-up", "spawn"]);
    expect([...modal.alive.values()].filter((entry) => entry.jobId === 1 && !entry.busy)).toHaveLength(1);
  });

  it("4. ending by job id hits another job (runs-on/runs-on#44): only the runner that GitHub names is ended", async () => {
    await through(loop.hear(queue(1)));
    await through(loop.hear(queue(2)));
    setBusy(100);
    setBusy(101);
    // Each runs the other's job, and the news of both being taken is lost: the tags still say otherwise.
    update(2, { status: "in_progress", runnerName: nameOf(100) });
    const runnerName = nameOf(101);
    github.runners.delete(101);
    await through(loop.hear(update(1, { status: "completed", conclusion: "success", runnerName })));
    expect([...modal.alive.values()].map((entry) => entry.registrationId)).toEqual([100]);
  });

  it("5. a check whether the job is still queued drops it (terraform-aws-github-runner#5026): GitHub not knowing it is no reason", async () => {
    github.jobs.clear();
    expect(await through(loop.hear(job(1, { createdAt: now - 3_600_000 })))).toEqual(["spawn"]);
  });

  it("6. 409 after a lost reply stalls the job (runs-on/runs-on#546): another name is taken at once", async () => {
    const names = ["aaaaa", "aaaaa", "bbbbb"];
    github.after = () => {
      github.after = () => undefined;
      throw new Unavailable("github", "the reply was lost");
    };
    const random = () => names.shift() ?? "zzzzz";
    const unlucky = new FleetLoop({ policy: policy(), github, modal, now: () => time, random });
    const news = queue(1);
    expect(await through(unlucky.hear(news))).toEqual(["defer:github-unavailable"]);
    expect(await through(unlucky.hear(news))).toEqual(["spawn"]);
  });

  it("7. registrations leak by the thousand (cloudbase/garm#617): room is looked for first, and a failed start is undone", async () => {
    for (const id of [1, 2, 3]) await through(loop.hear(queue(id)));
    expect(await through(loop.hear(queue(4)))).toEqual(["defer:pool-at-capacity"]);
    expect(github.runners.size).toBe(3);
    modal.alive.clear();
    github.runners.clear();
    modal.before = (call) => {
      if (call === "create") throw new Unavailable("modal", "no capacity");
    };
    await through(loop.hear(queue(5)));
    expect(github.runners.size).toBe(0);
  });

  it("8. a JIT registration dies unused (actions/runner#4726): its job gets another runner", async () => {
    await through(loop.hear(queue(1)));
    github.runners.clear();
    modal.endsByItself = false;
    time += 3 * 60_000;
    expect((await through(loop.reconcile())).sort()).toEqual(["spawn", "terminate:orphan"]);
    expect([...modal.alive.values()].map((entry) => [entry.name, github.runners.has(entry.registrationId)])).toEqual([
      ["1-2", true],
    ]);
  });

  it("9. a ghost listens without a registration (actions/runner#4617): it is ended", async () => {
    modal.alive.set("sb-1", { ...sandbox(1), secrets: {} });
    modal.endsByItself = false;
    expect(await through(loop.reconcile())).toEqual(["terminate:orphan"]);
    expect(modal.alive.size).toBe(0);
  });

  it("10. a cancelled job never lets go of its runner (actions/runner#4569): it is ended after a grace", async () => {
    await through(loop.hear(queue(1)));
    await through(loop.hear(update(1, { status: "in_progress", runnerName: nameOf(100) })));
    const name = nameOf(100);
    github.runners.clear();
    modal.endsByItself = false;
    await through(loop.hear(update(1, { status: "completed", conclusion: "cancelled", runnerName: name })));
    expect(modal.calls).toContain("terminate");
    expect(modal.alive.size).toBe(0);
  });

  it("11. GitHub says busy=false in mid-job (actions/runner#4422): nothing is ended on that alone", async () => {
    await through(loop.hear(queue(1)));
    setBusy(100);
    // Nor does it say yet which runner has the job.
    update(1, { status: "in_progress" });
    const lie = github.registrations.bind(github);
    github.registrations = async () => (await lie()).map((entry) => ({ ...entry, busy: false }));
    time += 2 * 3_600_000;
    expect(await through(loop.reconcile())).toContain("keep:busy");
    expect(modal.alive.size).toBe(1);
  });

  it("12. scale-down races an assignment (cloudbase/garm#455): the runner that just got a job is kept", async () => {
    await through(loop.hear(queue(1)));
    github.before = (call) => {
      if (call === "deregister") setBusy(100);
    };
    const cancelled = update(1, { status: "completed", conclusion: "cancelled" });
    expect(await through(loop.hear(cancelled))).toContain("keep:busy");
    expect(modal.alive.size).toBe(1);
  });

  it("13. a retry storm eats the rate limit (cloudbase/garm#616): a refusal is answered by waiting, not by asking again", async () => {
    github.before = (call) => {
      const limit = { retryAfterSeconds: 60, isRateLimit: true };
      if (call === "mint") throw new Unavailable("github", "rate limit", limit);
    };
    const [step] = await loop.hear(queue(1));
    expect(await step?.outcome).toMatchObject({ reason: "defer:rate-limited", retryAfterSeconds: 60 });
    expect(github.calls.filter((call) => call === "mint")).toHaveLength(1);
  });

  it("14. an outdated runner starts and gets no job (actions/runner#4392): it is not started over and over", async () => {
    modal.past.push({ ...sandbox(1), endedAt: now - 5_000 });
    queue(1);
    expect(await through(loop.reconcile())).toEqual(["defer:start-failed"]);
  });

  it("15. queued comes twice and out of order (runs-on/runs-on#539): the outcome is the same", async () => {
    const queued = queue(1);
    const started = update(1, { status: "in_progress", runnerName: "theirs" });
    const ended = update(1, { status: "completed", conclusion: "success", runnerName: "theirs" });
    for (const news of [ended, started, queued, queued, started]) await through(loop.hear(news));
    expect([modal.alive.size, github.runners.size]).toEqual([0, 0]);
    expect(github.calls).not.toContain("mint");
  });

  it("16. retries run out while the job is still queued (terraform-aws-github-runner#4653): it is tried for as long as it waits", async () => {
    queue(1);
    modal.before = (call) => {
      if (call === "create") throw new Unavailable("modal", "no GPU to be had");
    };
    for (let hour = 0; hour < 23; hour++) {
      expect(await through(loop.reconcile())).toEqual(["defer:modal-unavailable"]);
      time += 3_600_000;
    }
    modal.before = () => undefined;
    expect(await through(loop.reconcile())).toEqual(["spawn"]);
  });

  it("17. failed starts use up the limit (actions/actions-runner-controller#3700): they count for nothing, and others go on", async () => {
    for (const id of [1, 2, 3]) {
      modal.past.push({ ...sandbox(id), endedAt: now - 5_000 });
      queue(id);
    }
    queue(4);
    expect((await through(loop.reconcile())).sort()).toEqual([...Array(3).fill("defer:start-failed"), "spawn"]);
  });

  it("18. labels that match nothing are passed over in silence (terraform-aws-github-runner#4760): the answer names them", async () => {
    const [step] = await loop.hear(queue(1, { labels: ["self-hosted", "modal", "gpu-h100"] }));
    const outcome = await step?.outcome;
    expect(outcome?.reason).toBe("ignore:no-pool-matches");
    expect(outcome?.detail).toContain("gpu-h100");
  });

  it("19. why a runner died is gone with it (actions/actions-runner-controller#2943): its log outlives it and says so", async () => {
    const directory = mkdtempSync(join(tmpdir(), "pains-test-"));
    const emulator = await startModalEmulator({ directory });
    try {
      Object.assign(process.env, emulator.environment());
      const { tokenId, tokenSecret } = emulator;
      const access = await connectModal({ fleet: "test", tokenId, tokenSecret, createIfMissing: true });
      const bin = packageFile("image", "bin");
      const image = access.client.images.fromRegistry("ubuntu:24.04").dockerfileCommands([`ENV PATH=${bin}:$PATH`]);
      const command = ["modal-gha-entrypoint"];
      const ended = await access.client.sandboxes.create(access.app, image, { command });
      await ended.wait();
      const events = await Array.fromAsync(readSandboxLog(access, ended.sandboxId, { now: Date.now }));
      expect(events.at(-1)).toMatchObject({ event: "exit", reason: "runner-failed" });
      const text = "runner: ACTIONS_RUNNER_INPUT_JITCONFIG is not set.";
      expect(events).toContainEqual({ event: "output", at: expect.any(String), text });
      access.close();
    } finally {
      await emulator.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("20. Docker in a container sandbox loses its network (harbor-framework/harbor#1998): it gets a VM, and no GPU beside it", async () => {
    const pool = (more: string) =>
      `fleet: test\ngithub: { owner: acme }\npools: [{ name: docker, labels: [docker], docker: true${more} }]`;
    await through(newLoop(parsePolicy(pool(""))).hear(queue(1, { labels: ["docker"] })));
    expect(modal.specs[0]?.runtime).toBe("vm");
    expect(() => parsePolicy(pool(", gpu: T4"))).toThrow(/GPU/);
  });
});
