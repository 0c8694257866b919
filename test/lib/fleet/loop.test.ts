import { beforeEach, describe, expect, it } from "vitest";
import { FleetLoop, type Step } from "../../../src/lib/fleet/loop.ts";
import { parseRunnerName } from "../../../src/lib/fleet/names.ts";
import { Unavailable } from "../../../src/lib/fleet/ports.ts";
import type { Job } from "../../../src/lib/fleet/snapshot.ts";
import { parsePolicy } from "../../../src/lib/policy/parse.ts";
import type { Policy } from "../../../src/lib/policy/schema.ts";
import { job, now, policy, runner, sandbox } from "./fixtures.ts";
import { InMemoryGitHub, InMemoryModal } from "./in-memory.ts";

let github: InMemoryGitHub;
let modal: InMemoryModal;
let time: number;

let count = 0;
const random = () => (count++).toString(36).padStart(5, "0");

function newLoop(more = ""): FleetLoop {
  return new FleetLoop({ policy: policy(more), github, modal, now: () => time, random });
}

async function through(steps: Promise<Step[]>): Promise<string[]> {
  const outcomes = await Promise.all((await steps).map((step) => step.outcome));
  return outcomes.map((outcome) => `${outcome.reason}${outcome.done ? "" : " (put off)"}`);
}

/** GitHub gives a job to the runner of this registration. */
function pickUp(jobId: number, registrationId: number): Job {
  const taken = github.runners.get(registrationId);
  if (!taken) throw new Error(`no runner ${registrationId}`);
  taken.busy = true;
  taken.online = true;
  const after = { ...(github.jobs.get(jobId) as Job), status: "in_progress" as const, runnerName: taken.name };
  github.jobs.set(jobId, after);
  return after;
}

function queue(id: number, given: Partial<Job> = {}): Job {
  const queued = job(id, given);
  github.jobs.set(id, queued);
  return queued;
}

beforeEach(() => {
  github = new InMemoryGitHub();
  modal = new InMemoryModal();
  time = now;
});

describe("news of a queued job", () => {
  it("mints a runner and starts a Sandbox that is named and tagged for it, with the configuration as a secret", async () => {
    expect(await through(newLoop().hear(queue(1)))).toEqual(["spawn"]);
    const [started] = [...modal.alive.values()];
    const [registered] = [...github.runners.values()];
    expect(started).toMatchObject({ name: "1-1", jobId: 1, pool: "cpu", busy: false, repository: "acme/app" });
    expect(started?.runnerName).toBe(registered?.name);
    expect(started?.registrationId).toBe(registered?.id);
    expect(started?.secrets).toEqual({ ACTIONS_RUNNER_INPUT_JITCONFIG: `jit-of-${registered?.name}` });
    expect(parseRunnerName(registered?.name ?? "")).toMatchObject({ pool: "cpu", jobId: 1, attempt: 1, mintedAt: now });
  });

  it("five times at once starts one Sandbox", async () => {
    const loop = newLoop();
    const news = queue(1);
    const outcomes = await Promise.all([1, 2, 3, 4, 5].map(() => through(loop.hear(news))));
    expect(outcomes.flat().sort()).toEqual([...Array(4).fill("ignore:already-provisioned"), "spawn"]);
    expect(modal.alive.size).toBe(1);
    expect(github.calls.filter((call) => call === "mint")).toHaveLength(1);
  });

  it("at two controllers at once starts one Sandbox and leaves one registration", async () => {
    const [one, other] = [newLoop(), newLoop()];
    const news = queue(1);
    // Both have looked before either has created.
    const outcomes = await Promise.all([through(one.hear(news)), through(other.hear(news))]);
    expect(outcomes.flat().sort()).toEqual(["ignore:already-provisioned", "spawn"]);
    expect([modal.alive.size, github.runners.size]).toEqual([1, 1]);
    expect([...modal.alive.values()][0]?.registrationId).toBe([...github.runners.keys()][0]);
  });

  it("two of them at two controllers at once, with one place left: no more than the limit stay", async () => {
    for (const id of [1, 2]) await through(newLoop().hear(queue(id)));
    const outcomes = await Promise.all([through(newLoop().hear(queue(3))), through(newLoop().hear(queue(4)))]);
    expect(outcomes.flat()).toContain("defer:pool-at-capacity (put off)");
    expect(modal.alive.size).toBeLessThanOrEqual(3);
    expect(github.runners.size).toBe(modal.alive.size);
    await through(newLoop().reconcile());
    expect(modal.alive.size).toBe(3);
  });

  it("of many jobs at once never starts more than the limit, and starts the rest when there is room", async () => {
    const loop = newLoop();
    const news = Array.from({ length: 8 }, (_, index) => queue(index + 1));
    const outcomes = (await Promise.all(news.map((entry) => through(loop.hear(entry))))).flat();
    expect(outcomes.filter((outcome) => outcome === "spawn")).toHaveLength(3);
    expect(outcomes.filter((outcome) => outcome === "defer:pool-at-capacity")).toHaveLength(5);
    expect(github.calls.filter((call) => call === "mint")).toHaveLength(3);
    for (const [id, { jobId }] of modal.alive) {
      modal.alive.delete(id);
      github.jobs.set(jobId, { ...(github.jobs.get(jobId) as Job), status: "completed", conclusion: "success" });
    }
    await through(loop.reconcile());
    expect(modal.alive.size).toBe(3);
  });

  it("that comes late is checked with GitHub first, and starts nothing when the job is over", async () => {
    const news = queue(1, { createdAt: now - 3_600_000 });
    github.jobs.set(1, { ...news, status: "completed", conclusion: "success", runnerName: "theirs" });
    expect(await through(newLoop().hear(news))).toEqual(["ignore:nothing-to-do"]);
    expect(modal.alive.size).toBe(0);
  });

  it("that comes after news that the job got on is looked up, and starts nothing", async () => {
    const loop = newLoop();
    const news = queue(1);
    github.jobs.set(1, { ...news, status: "completed", conclusion: "success", runnerName: "theirs" });
    await through(loop.hear(github.jobs.get(1) as Job));
    expect(await through(loop.hear(news))).toEqual(["ignore:nothing-to-do"]);
    expect(modal.alive.size).toBe(0);
  });

  it("of which GitHub knows nothing (yet) is believed", async () => {
    expect(await through(newLoop().hear(job(1, { createdAt: now - 3_600_000 })))).toEqual(["spawn"]);
  });
});

describe("what a Sandbox gets", () => {
  const pool = `
pools:
  - name: build
    labels: [build]
    volumes: [{ name: cache, path: /cache, per-repository: true }, { name: data, path: /data }]
    secrets: [registry]
    egress: { domains: [github.com] }
    resources: { max-cpu: 8, max-memory: 16GiB }
`;
  const withPool = (access = "deny") =>
    parsePolicy(
      `fleet: test\ngithub: { owner: acme }\naccess: { repositories: ["acme/*"], fork-pull-requests: ${access} }\n${pool}`,
    );
  const loopOf = (given: Policy) => new FleetLoop({ policy: given, github, modal, now: () => time, random });

  it("is its pool's volumes, those for one repository under its name, secrets and egress", async () => {
    expect(await through(loopOf(withPool()).hear(queue(1, { labels: ["build"] })))).toEqual(["spawn"]);
    expect(modal.specs[0]).toMatchObject({
      volumes: [
        { name: "cache", path: "/cache", subPath: "acme/app" },
        { name: "data", path: "/data" },
      ],
      secrets: ["registry"],
      egress: { domains: ["github.com"], cidrs: [] },
      cpu: 2,
    });
  });

  it("is what its resource label asks for, and the runner registers with that label", async () => {
    const news = queue(1, { labels: ["build/cpu=8/memory=8g"] });
    expect(await through(loopOf(withPool()).hear(news))).toEqual(["spawn"]);
    expect(modal.specs[0]).toMatchObject({ cpu: 8, memoryMiB: 8192 });
    expect(github.minted[0]?.labels).toContain("build/cpu=8/memory=8g");
    expect([...modal.alive.values()][0]).toMatchObject({ resourceLabel: "build/cpu=8/memory=8g" });
  });

  it("for a stranger's code is neither volumes nor secrets, or nothing at all where the policy denies it", async () => {
    github.forkRuns.add(7000);
    expect(
      await through(loopOf(withPool()).hear(queue(1, { labels: ["build"], isForkPullRequest: undefined }))),
    ).toEqual(["refuse:fork-pull-request"]);
    const news = queue(2, { labels: ["build"], isForkPullRequest: undefined });
    expect(await through(loopOf(withPool("isolated")).hear(news))).toEqual(["spawn"]);
    expect(modal.specs[0]).toMatchObject({ volumes: [], secrets: [] });
    expect(modal.specs[0]?.egress?.domains).toContain("github.com");
    expect([...modal.alive.values()][0]?.isIsolated).toBe(true);
  });

  it("asks GitHub once a run whose code it is", async () => {
    const loop = loopOf(withPool());
    for (const id of [1, 2, 3])
      await through(loop.hear(queue(id, { labels: ["build"], isForkPullRequest: undefined })));
    expect(github.calls.filter((call) => call === "run")).toHaveLength(1);
  });
});

describe("a pool that keeps runners ready", () => {
  const warmPolicy = parsePolicy(
    "fleet: test\ngithub: { owner: acme }\npools: [{ name: cpu, labels: [modal], min-idle: 2 }]",
  );

  it("has them started, gives them to jobs that come, and replaces them", async () => {
    const loop = new FleetLoop({ policy: warmPolicy, github, modal, now: () => time, random });
    expect(await through(loop.reconcile())).toEqual(["warm", "warm"]);
    expect(await through(loop.reconcile())).toEqual([]);
    expect(await through(loop.hear(queue(1)))).toEqual(["assign:spare", "warm"]);
    const tags = [...modal.alive.values()].map(({ name, jobId }) => [name, jobId]);
    expect(tags).toEqual([
      ["warm-cpu-1", 1],
      ["warm-cpu-2", 0],
      ["warm-cpu-3", 0],
    ]);
    // GitHub may give the job to the other one all the same.
    expect(await through(loop.hear(pickUp(1, 101)))).toEqual(["assign:picked-up", "terminate:surplus", "warm"]);
  });
});

describe("a pool that keeps runners ready, all the same", () => {
  const warmPolicy = (more = "") =>
    parsePolicy(
      `fleet: test\ngithub: { owner: acme }\nimage: ours\npools: [{ name: cpu, labels: [modal], min-idle: 1 }]\n${more}`,
    );

  it("starts them from the policy's image, with the pool's resources and nothing else", async () => {
    await through(new FleetLoop({ policy: warmPolicy(), github, modal, now: () => time, random }).reconcile());
    expect(modal.specs[0]).toMatchObject({ image: "ours", cpu: 2, memoryMiB: 4096 });
    expect(Object.keys(modal.specs[0] ?? {})).not.toContain("labels");
  });

  it("starts none once the budget is spent, and fewer and fewer when they fail", async () => {
    const spent = warmPolicy("limits: { daily-budget-dollars: 1 }");
    modal.past.push({ ...sandbox(9, { createdAt: now - 3_600_000 }), endedAt: now + 24 * 3_600_000 });
    expect(await through(new FleetLoop({ policy: spent, github, modal, now: () => time, random }).reconcile())).toEqual(
      [],
    );
    modal.past.length = 0;

    modal.before = (call) => {
      if (call === "create") throw new Unavailable("modal", "Modal has no Secret registry");
    };
    const loop = new FleetLoop({ policy: warmPolicy(), github, modal, now: () => time, random });
    for (let round = 0; round < 720; round++) {
      await through(loop.reconcile());
      time += 5_000;
    }
    // 30 s, 1, 2, 4, 8 minutes, then every quarter of an hour.
    expect(github.calls.filter((call) => call === "mint")).toHaveLength(8);
    expect(github.runners.size).toBe(0);
  });
});

describe("the daily budget", () => {
  it("once spent, starts nothing until midnight", async () => {
    const budget = parsePolicy(
      "fleet: test\ngithub: { owner: acme }\nlimits: { daily-budget-dollars: 1 }\npools: [{ name: gpu, labels: [g], gpu: H100 }]",
    );
    const loop = new FleetLoop({ policy: budget, github, modal, now: () => time, random });
    const old = sandbox(9, { pool: "gpu", createdAt: now - 3_600_000 });
    modal.past.push({ ...old, endedAt: now - 1_800_000 });
    expect(await through(loop.hear(queue(1, { labels: ["g"] })))).toEqual(["defer:daily-budget-spent"]);
    time = Date.parse("2026-03-02T00:00:01Z");
    expect(await through(loop.hear(queue(2, { labels: ["g"], createdAt: time })))).toContain("spawn");
  });
});

describe("what a Sandbox was started with", () => {
  it("is in its tags, and stays there when it serves another job, so that the budget counts it whatever the policy says", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1, { labels: ["modal", "gpu-t4"] })));
    await through(loop.hear(queue(2, { labels: ["modal", "gpu-t4"] })));
    await through(loop.hear(pickUp(1, 101)));
    const sizes = [...modal.alive.values()].map(({ size }) => size);
    expect(sizes).toEqual([1, 2].map(() => expect.objectContaining({ gpu: "T4" })));
    const other = parsePolicy(
      "fleet: test\ngithub: { owner: acme }\nlimits: { daily-budget-dollars: 1 }\npools: [{ name: new, labels: [n] }]",
    );
    time += 3 * 3_600_000;
    const later = new FleetLoop({ policy: other, github, modal, now: () => time, random });
    expect(await through(later.hear(queue(3, { labels: ["n"], createdAt: time })))).toEqual([
      "defer:daily-budget-spent",
    ]);
  });
});

describe("a runner that fails to start", () => {
  it("is tried again later and later", async () => {
    const loop = newLoop();
    const waits: number[] = [];
    const news = queue(1);
    for (let failures = 0; failures < 4; failures++) {
      const failedAt = time;
      while ((await through(loop.reconcile()))[0] !== "spawn") time += 5_000;
      waits.push((time - failedAt) / 1000);
      const [dead] = [...modal.alive.values()];
      if (!dead) throw new Error("nothing was started");
      modal.alive.delete(dead.id);
      github.runners.clear();
      modal.past.push({ ...dead, endedAt: time });
      github.jobs.set(1, news);
    }
    expect(waits).toEqual([0, 30, 60, 120]);
  });
});

describe("jobs that are none of ours", () => {
  it.each([
    ["of another repository", { repository: "elsewhere/app" }, "ignore:repository-not-allowed"],
    ["with labels that no pool has", { labels: ["ubuntu-latest"] }, "ignore:no-pool-matches"],
  ])("%s cost no call", async (_, given, reason) => {
    expect(await through(newLoop().hear(job(1, given)))).toEqual([reason]);
    expect([...github.calls, ...modal.calls]).toEqual([]);
  });
});

describe("an answer", () => {
  it("is about the job in question first, and silent about others that go on waiting", async () => {
    const loop = newLoop();
    for (const id of [1, 2, 3, 4, 5]) await through(loop.hear(queue(id, { createdAt: now - 10_000 + id })));
    const steps = await loop.hear(queue(6));
    expect(steps.map(({ decision }) => "job" in decision && decision.job.id)).toEqual([6]);
  });
});

describe("a runner that GitHub gives to a job of a repository that the policy does not allow", () => {
  const stranger = (given: Partial<Job> = {}) => queue(9, { repository: "elsewhere/app", ...given });

  it("is that job's until it ends, and the job that it was made for gets another", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1)));
    stranger();
    const taken = pickUp(9, 100);
    expect(await through(loop.hear(taken))).toEqual(["assign:picked-up", "spawn"]);
    const tags = () => [...modal.alive.values()].map(({ name, jobId, busy }) => ({ name, jobId, busy }));
    expect(tags()).toEqual([
      { name: "1-1", jobId: 9, busy: true },
      { name: "1-2", jobId: 1, busy: false },
    ]);
    github.runners.delete(100);
    expect(await through(loop.hear({ ...taken, status: "completed", conclusion: "success" }))).toEqual([
      "finish:job-completed",
    ]);
    expect(tags()).toEqual([{ name: "1-2", jobId: 1, busy: false }]);
  });

  it("is made up for though no news comes of that job, since GitHub calls the runner busy", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1)));
    stranger();
    pickUp(9, 100);
    github.jobs.delete(9);
    time += 60_000;
    expect(await through(loop.reconcile())).toEqual(["assign:unseen-job", "ignore:already-provisioned"]);
    expect(await through(loop.reconcile())).toEqual(["spawn"]);
    const tags = [...modal.alive.values()].map(({ name, jobId, busy }) => ({ name, jobId, busy }));
    expect(tags).toEqual([
      { name: "1-1", jobId: 0, busy: true },
      { name: "1-2", jobId: 1, busy: false },
    ]);
    // Once is enough.
    expect(await through(loop.reconcile())).toEqual(["ignore:already-provisioned"]);
  });

  it("is not taken for robbed that is busy with its own job, which GitHub still shows as queued", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1)));
    const queued = github.jobs.get(1) as Job;
    const taken = pickUp(1, 100);
    github.jobs.set(1, queued);
    expect(await through(loop.reconcile())).toEqual(["assign:unseen-job", "ignore:already-provisioned"]);
    github.jobs.set(1, taken);
    expect(await through(loop.reconcile())).toEqual(["assign:picked-up"]);
    expect([...modal.alive.values()]).toMatchObject([{ name: "1-1", jobId: 1, busy: true }]);
  });

  it("is not counted among those that are kept ready", async () => {
    const more = "  - { name: ready, labels: [ready], max-runners: 3, min-idle: 1 }";
    const loop = newLoop(more);
    await through(loop.reconcile());
    stranger();
    pickUp(9, 100);
    github.jobs.delete(9);
    expect(await through(loop.reconcile())).toEqual(["assign:unseen-job", "warm"]);
    expect(await through(loop.reconcile())).toEqual([]);
  });

  it("costs no call where the runner is another fleet's", async () => {
    const news = stranger({ status: "in_progress", runnerName: runner(1, "cpu", 60, "another-fleet") });
    expect(await through(newLoop().hear(news))).toEqual(["ignore:repository-not-allowed"]);
    expect([...github.calls, ...modal.calls]).toEqual([]);
  });
});

describe("when a step fails", () => {
  it("a Sandbox that cannot be created leaves no registration behind", async () => {
    modal.before = (call) => {
      if (call === "create") throw new Unavailable("modal", "no capacity");
    };
    expect(await through(newLoop().hear(queue(1)))).toEqual(["defer:modal-unavailable (put off)"]);
    expect([modal.alive.size, github.runners.size]).toEqual([0, 0]);
  });

  it("a rate limit puts the job off for as long as GitHub says, before anything is created", async () => {
    github.before = (call) => {
      const limits = { retryAfterSeconds: 42, isRateLimit: true };
      if (call === "mint") throw new Unavailable("github", "secondary rate limit", limits);
    };
    const [step] = await newLoop().hear(queue(1));
    expect(await step?.outcome).toMatchObject({ reason: "defer:rate-limited", done: false, retryAfterSeconds: 42 });
    expect(modal.calls).not.toContain("create");
  });

  it("a name that is taken is left to its owner, and another one is taken", async () => {
    const names = ["aaaaa", "aaaaa", "bbbbb"];
    const options = { policy: policy(), github, modal, now: () => time, random: () => names.shift() ?? "zzzzz" };
    github.after = (call) => {
      github.after = () => undefined;
      if (call === "mint") throw new Unavailable("github", "socket hang up");
    };
    const news = queue(1);
    expect(await through(new FleetLoop(options).hear(news))).toEqual(["defer:github-unavailable (put off)"]);
    expect(await through(new FleetLoop(options).hear(news))).toEqual(["spawn"]);
    expect([...github.runners.values()].map((entry) => entry.name.slice(-2))).toEqual(["aa", "bb"]);
    time += 6 * 60_000;
    expect((await through(newLoop().reconcile())).sort()).toEqual([
      "deregister:no-sandbox",
      "ignore:already-provisioned",
    ]);
    expect([...github.runners.values()].map((entry) => entry.name.slice(-2))).toEqual(["bb"]);
  });

  it("a Modal that cannot be asked is no answer at all", async () => {
    modal.before = () => {
      throw new Unavailable("modal", "down");
    };
    await expect(newLoop().hear(queue(1))).rejects.toThrow("down");
    expect(github.runners.size).toBe(0);
  });
});

describe("which runner took which job", () => {
  it("is written to the tags: swapped runners of one pool change places", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1)));
    await through(loop.hear(queue(2)));
    const news = pickUp(1, 101);
    expect(await through(loop.hear(news))).toEqual(["assign:picked-up", "assign:swapped"]);
    const tags = [...modal.alive.values()].map(({ name, jobId, busy }) => ({ name, jobId, busy }));
    expect(tags).toEqual([
      { name: "1-1", jobId: 2, busy: false },
      { name: "2-1", jobId: 1, busy: true },
    ]);
    expect(github.calls).not.toContain("job");
  });

  it("holds for a ring of three, told in any order at once", async () => {
    const loop = newLoop();
    for (const id of [1, 2, 3]) await through(loop.hear(queue(id)));
    const news = [pickUp(1, 101), pickUp(2, 102), pickUp(3, 100)];
    await Promise.all(news.map((entry) => through(loop.hear(entry))));
    const tags = [...modal.alive.values()].map(({ registrationId, jobId, busy }) => [registrationId, jobId, busy]);
    expect(tags).toEqual([
      [100, 3, true],
      [101, 1, true],
      [102, 2, true],
    ]);
  });

  it("gives the job that lost its GPU runner another one, and ends the plain one that nobody needs", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1)));
    await through(loop.hear(queue(2, { labels: ["modal", "gpu-t4"] })));
    expect(await through(loop.hear(pickUp(1, 101)))).toEqual(["assign:picked-up", "spawn", "terminate:surplus"]);
    const left = [...modal.alive.values()].map(({ name, jobId, pool, busy }) => ({ name, jobId, pool, busy }));
    expect(left).toEqual([
      { name: "2-1", jobId: 1, pool: "gpu", busy: true },
      { name: "2-2", jobId: 2, pool: "gpu", busy: false },
    ]);
    expect(github.runners.has(100)).toBe(false);
  });

  it("is written in the order of the decisions, however long a call travels", async () => {
    const loop = newLoop();
    for (const id of [1, 2, 3]) await through(loop.hear(queue(id)));
    // The swap that gives job 2 the runner of job 1 is slow; that GitHub then gave job 1's runner job 3 is quick.
    let isFirst = true;
    const retag = modal.retag.bind(modal);
    modal.retag = async (id, tags) => {
      if (isFirst && tags["job"] === "2") {
        isFirst = false;
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
      return retag(id, tags);
    };
    await Promise.all([through(loop.hear(pickUp(1, 101))), through(loop.hear(pickUp(3, 100)))]);
    expect([...modal.alive.values()].find((entry) => entry.registrationId === 100)).toMatchObject({
      jobId: 3,
      busy: true,
    });
  });

  it("never gives a job the runner that is being ended at that moment", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1)));
    await through(loop.hear(queue(2)));
    // Job 1 is cancelled, and before its runner is deregistered, GitHub says that job 2's runner took job 3.
    const cancelled = { ...job(1), status: "completed" as const, conclusion: "cancelled" };
    const steps = await loop.hear(cancelled);
    const other = { ...queue(3), status: "in_progress" as const, runnerName: github.runners.get(101)?.name ?? "" };
    expect(await through(loop.hear(other))).toEqual(["assign:picked-up", "spawn"]);
    await through(Promise.resolve(steps));
    expect([...modal.alive.values()].map((entry) => [entry.name, entry.jobId])).toEqual([
      ["2-1", 3],
      ["2-2", 2],
    ]);
  });

  it("may be another one than the Sandbox that is still being created: that one is ended as soon as it is there", async () => {
    const loop = newLoop();
    const steps = await loop.hear(queue(1));
    const over = { ...job(1), status: "completed" as const, conclusion: "success", runnerName: "theirs" };
    github.jobs.set(1, over);
    expect(await through(loop.hear(over))).toEqual(["ignore:nothing-to-do"]);
    expect(await through(Promise.resolve(steps))).toEqual(["spawn"]);
    expect([modal.alive.size, github.runners.size]).toEqual([0, 0]);
  });

  it("may leave over a Sandbox that is still being created: the job that lost its runner gets it, however full the pool", async () => {
    const loop = newLoop();
    for (const id of [5, 1]) await through(loop.hear(queue(id)));
    const { promise: created, resolve: create } = Promise.withResolvers<void>();
    const original = modal.create.bind(modal);
    modal.create = async (spec) => {
      await created;
      return original(spec);
    };
    const steps = await loop.hear(queue(2));
    const news = pickUp(2, 101);
    expect(await through(loop.hear(news))).toEqual(["assign:picked-up"]);
    create();
    expect(await through(Promise.resolve(steps))).toEqual(["spawn"]);
    expect([...modal.alive.values()].map((entry) => [entry.name, entry.jobId, entry.busy])).toEqual([
      ["5-1", 5, false],
      ["1-1", 2, true],
      ["2-1", 1, false],
    ]);
  });

  it("is asked of GitHub before an idle runner is ended: one that turns out busy is kept", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1)));
    (github.runners.get(100) as { busy: boolean }).busy = true;
    const cancelled = { ...job(1), status: "completed" as const, conclusion: "cancelled" };
    expect(await through(loop.hear(cancelled))).toEqual(["ignore:nothing-to-do", "keep:busy"]);
    expect(modal.alive.size).toBe(1);
    expect(modal.calls).not.toContain("terminate");
  });
});

describe("the end of a job", () => {
  it("makes room for one that waits, also when its Sandbox has ended before the news came", async () => {
    const loop = newLoop();
    for (const id of [1, 2, 3, 4]) await through(loop.hear(queue(id)));
    const news = pickUp(1, 100);
    const [first] = [...modal.alive.keys()] as [string];
    modal.alive.delete(first);
    github.runners.delete(100);
    const end = { ...news, status: "completed" as const, conclusion: "success" };
    expect(await through(loop.hear(end))).toEqual(["ignore:nothing-to-do", "spawn"]);
    expect([...modal.alive.values()].map((entry) => entry.jobId)).toEqual([2, 3, 4]);
  });

  it("lets the Sandbox end by itself, and ends it when it does not", async () => {
    const loop = newLoop();
    for (const endsByItself of [true, false]) {
      modal.endsByItself = endsByItself;
      await through(loop.hear(queue(1)));
      const news = pickUp(1, [...github.runners.keys()].at(-1) as number);
      await through(loop.hear(news));
      github.runners.clear();
      const end = { ...news, status: "completed" as const, conclusion: "success" };
      expect(await through(loop.hear(end))).toEqual(["finish:job-completed"]);
      expect([modal.alive.size, github.runners.size]).toEqual([0, 0]);
      expect(modal.calls.includes("terminate")).toBe(!endsByItself);
    }
  });
});

describe("reconcile", () => {
  it("finds jobs of which no news came, Sandboxes whose job is over, and registrations without a Sandbox", async () => {
    queue(1);
    github.jobs.set(2, job(2, { status: "completed", conclusion: "success", runnerName: runner(2) }));
    modal.alive.set("sb-2", { ...sandbox(2, { busy: true }), secrets: {} });
    github.runners.set(7, { id: 7, name: runner(3), online: false, busy: false, repository: null });
    expect((await through(newLoop().reconcile())).sort()).toEqual([
      "deregister:no-sandbox",
      "finish:job-completed",
      "spawn",
    ]);
    expect([...modal.alive.values()].map((entry) => entry.jobId)).toEqual([1]);
    expect([...github.runners.values()].map((entry) => parseRunnerName(entry.name)?.jobId)).toEqual([1]);
  });

  it("asks once more before it starts a runner, since reading the whole fleet takes long", async () => {
    const news = queue(1);
    modal.before = (call) => {
      if (call === "ended") github.jobs.set(1, { ...news, status: "completed", conclusion: "success" });
    };
    expect(await through(newLoop().reconcile())).toEqual(["ignore:not-queued"]);
    expect([modal.alive.size, github.runners.size]).toEqual([0, 0]);
  });

  it("leaves a runner alone that GitHub's list lacks and GitHub has all the same, or cannot be asked about", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1)));
    await through(loop.hear(queue(2)));
    time += 120_000;
    // Read page by page, while runners that are done disappear from it: what follows moves up.
    github.registrations = async () => [];
    github.before = (call) => {
      if (call === "registration" && github.calls.filter((each) => each === call).length > 1) {
        throw new Unavailable("github", "GitHub: 502");
      }
    };
    const told = ["ignore:already-provisioned", "ignore:already-provisioned"];
    expect(await through(loop.reconcile())).toEqual(told);
    expect([modal.alive.size, github.runners.size]).toEqual([2, 2]);
  });

  it("previewed, changes nothing, and has nothing sent again", async () => {
    queue(1);
    const decisions = await newLoop().preview();
    expect(decisions.map((decision) => decision.reason)).toEqual(["spawn"]);
    expect([...github.calls, ...modal.calls]).not.toContain("redeliver");
    expect([modal.alive.size, github.runners.size]).toEqual([0, 0]);
  });

  it("goes on where GitHub refuses to send deliveries again", async () => {
    queue(1);
    github.before = (call) => {
      if (call === "redeliver") throw new Error("not allowed");
    };
    expect(await through(newLoop().reconcile())).toEqual(["spawn"]);
  });

  it("of a fleet as it should be does nothing", async () => {
    const loop = newLoop();
    await through(loop.hear(queue(1)));
    expect(await through(loop.reconcile())).toEqual(["ignore:already-provisioned"]);
  });
});
