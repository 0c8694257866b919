import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../../src/lib/fleet/decide.ts";
import type { Decision } from "../../../src/lib/fleet/decision.ts";
import type { FleetSandbox, Job, Snapshot } from "../../../src/lib/fleet/snapshot.ts";
import { job, now, policy, registration, runner, sandbox, snapshot } from "./fixtures.ts";

/** A decision in one line: its reason and what it is about. */
function brief(decision: Decision): string {
  if (decision.action === "spawn") return `spawn ${decision.job.id}#${decision.attempt} in ${decision.pool}`;
  if (decision.action === "assign") return `${decision.reason} ${decision.sandbox.id} -> ${decision.job.id}`;
  if (decision.action === "none") return `${decision.reason} ${decision.job.id}`;
  if (decision.action === "warm") return `warm ${decision.pool}#${decision.slot}`;
  if (decision.action === "deregister") return `${decision.reason} ${decision.registration.name}`;
  return `${decision.reason} ${decision.sandbox.id}`;
}

const cases: [string, Partial<Snapshot>, string[]][] = [
  ["a queued job gets a runner", { jobs: [job(1)] }, ["spawn 1#1 in cpu"]],
  [
    "a GPU label gets the GPU pool, a plain one never",
    { jobs: [job(1, { labels: ["modal", "gpu-t4"] }), job(2, { labels: ["modal"] })] },
    ["spawn 1#1 in gpu", "spawn 2#1 in cpu"],
  ],
  ["a label that no pool has", { jobs: [job(1, { labels: ["self-hosted", "h100"] })] }, ["ignore:no-pool-matches 1"]],
  [
    "nothing but a self-hosted runner could mean anybody's",
    { jobs: [job(1, { labels: ["self-hosted", "Linux", "X64"] })] },
    ["ignore:no-pool-matches 1"],
  ],
  ["another operating system", { jobs: [job(1, { labels: ["modal", "windows"] })] }, ["ignore:no-pool-matches 1"]],
  [
    "a repository that the policy does not name",
    { jobs: [job(1, { repository: "elsewhere/app" })] },
    ["ignore:repository-not-allowed 1"],
  ],
  ["a job that waits for an approval", { jobs: [job(1, { status: "waiting" })] }, ["ignore:not-queued 1"]],
  ["a job with its Sandbox", { jobs: [job(1)], sandboxes: [sandbox(1)] }, ["ignore:already-provisioned 1"]],
  [
    "a job whose Sandbox is being created",
    { jobs: [job(1)], starting: [{ jobId: 1, attempt: 1, pool: "cpu", repository: "acme/app" }] },
    ["ignore:already-provisioned 1"],
  ],
  [
    "the pool's limit, older jobs first",
    { jobs: [4, 3, 2, 1].map((id) => job(id, { createdAt: now - 10_000 + id })) },
    ["spawn 1#1 in cpu", "spawn 2#1 in cpu", "spawn 3#1 in cpu", "defer:pool-at-capacity 4"],
  ],
  [
    "Sandboxes that are being created count for the limit, once even when they are listed already",
    {
      jobs: [job(9)],
      sandboxes: [sandbox(1), sandbox(2)],
      starting: [
        { jobId: 2, attempt: 1, pool: "cpu", repository: "acme/app" },
        { jobId: 3, attempt: 1, pool: "cpu", repository: "acme/app" },
      ],
    },
    ["defer:pool-at-capacity 9"],
  ],
  [
    "the job's own runner took it",
    { jobs: [job(1, { status: "in_progress", runnerName: runner(1) })], sandboxes: [sandbox(1)] },
    ["assign:picked-up sb-1 -> 1"],
  ],
  [
    "the same told again changes nothing",
    { jobs: [job(1, { status: "in_progress", runnerName: runner(1) })], sandboxes: [sandbox(1, { busy: true })] },
    ["ignore:nothing-to-do 1"],
  ],
  [
    "a runner of the same pool took it: the two swap",
    { jobs: [job(1, { status: "in_progress", runnerName: runner(2) })], sandboxes: [sandbox(1), sandbox(2)] },
    ["assign:picked-up sb-2 -> 1", "assign:swapped sb-1 -> 2"],
  ],
  [
    "a GPU runner took a plain job: the GPU job gets another one, the plain runner is left over",
    {
      jobs: [job(1, { status: "in_progress", runnerName: runner(2, "gpu") }), job(2, { labels: ["modal", "gpu-t4"] })],
      sandboxes: [sandbox(1), sandbox(2, { pool: "gpu", runnerName: runner(2, "gpu") })],
    },
    ["assign:picked-up sb-2 -> 1", "spawn 2#2 in gpu", "terminate:surplus sb-1"],
  ],
  [
    "a runner that is none of ours took it",
    { jobs: [job(1, { status: "in_progress", runnerName: "theirs" })], sandboxes: [sandbox(1)] },
    ["ignore:foreign-runner 1", "terminate:surplus sb-1"],
  ],
  [
    "a runner that is left over serves a job that waits",
    { jobs: [job(1, { status: "in_progress", runnerName: "theirs" }), job(2)], sandboxes: [sandbox(1)] },
    ["ignore:foreign-runner 1", "assign:spare sb-1 -> 2"],
  ],
  [
    "a job ended",
    {
      jobs: [job(1, { status: "completed", conclusion: "failure", runnerName: runner(1) })],
      sandboxes: [sandbox(1, { busy: true })],
    },
    ["finish:job-completed sb-1"],
  ],
  [
    "a job was cancelled before a runner took it",
    { jobs: [job(1, { status: "completed", conclusion: "cancelled" })], sandboxes: [sandbox(1)] },
    ["ignore:nothing-to-do 1", "terminate:job-cancelled sb-1"],
  ],
  [
    "a cancelled job's tag on a busy Sandbox is never a reason to end it",
    { jobs: [job(1, { status: "completed", conclusion: "cancelled" })], sandboxes: [sandbox(1, { busy: true })] },
    ["ignore:nothing-to-do 1"],
  ],
  [
    "a Sandbox whose registration is gone will never get a job: its job gets another",
    { jobs: [job(1)], sandboxes: [sandbox(1)], registrations: [] },
    ["terminate:orphan sb-1", "spawn 1#2 in cpu"],
  ],
  [
    "unless a job runs on it",
    {
      jobs: [job(1, { status: "in_progress", runnerName: runner(1) })],
      sandboxes: [sandbox(1, { busy: true })],
      registrations: [],
    },
    ["ignore:nothing-to-do 1"],
  ],
  [
    "or it is so young that the list may be older",
    { jobs: [job(1)], sandboxes: [sandbox(1, { createdAt: now - 5_000 })], registrations: [] },
    ["ignore:already-provisioned 1"],
  ],
  [
    "a Sandbox that is being ended serves nobody, yet counts until it is gone",
    { jobs: [job(1), job(2), job(3)], sandboxes: [sandbox(1)], ending: ["sb-1"] },
    ["spawn 1#2 in cpu", "spawn 2#1 in cpu", "defer:pool-at-capacity 3"],
  ],
  [
    "registrations: only ours, only offline, only old, only without a Sandbox",
    {
      sandboxes: [sandbox(4)],
      registrations: [
        registration(runner(1), { online: false }),
        registration(runner(2), { online: true }),
        registration(runner(3, "cpu", 1), { online: false }),
        registration(runner(4), { online: false }),
        registration(runner(5, "other"), { online: false }),
        registration(runner(6, "cpu", 60, "another-fleet"), { online: false }),
        registration("build-machine-7", { online: false }),
      ],
    },
    [`deregister:no-sandbox ${runner(1)}`],
  ],
];

describe("decide", () => {
  it.each(cases)("%s", (_, given, expected) => {
    expect(decide(snapshot(given), policy()).map(brief)).toEqual(expected);
  });

  it("a fork's pull request is refused, unless the policy isolates it", () => {
    const jobs = [job(1, { isForkPullRequest: true })];
    expect(decide(snapshot({ jobs }), policy()).map(brief)).toEqual(["refuse:fork-pull-request 1"]);
    const isolating = policy("access: { repositories: [acme/*], fork-pull-requests: isolated }");
    expect(decide(snapshot({ jobs }), isolating)).toMatchObject([{ action: "spawn", isIsolated: true }]);
    // A runner that was made for trusted code, with its secrets, is not given to it; nor the other way round.
    const taken = job(2, { status: "in_progress", runnerName: "theirs" });
    const trusted = decide(snapshot({ jobs: [...jobs, taken], sandboxes: [sandbox(2)] }), isolating);
    expect(trusted.map(brief)).toEqual(["ignore:foreign-runner 2", "spawn 1#1 in cpu", "terminate:surplus sb-2"]);
    const isolated = sandbox(2, { isIsolated: true });
    const plain = decide(snapshot({ jobs: [job(1), taken], sandboxes: [isolated] }), isolating);
    expect(plain.map(brief)).toEqual(["ignore:foreign-runner 2", "spawn 1#1 in cpu", "terminate:surplus sb-2"]);
  });

  it("holds the limit of a repository", () => {
    const jobs = [job(1), job(2), job(3, { repository: "acme/other" })];
    const limited = policy("limits: { max-runners-per-repository: 1 }");
    const decisions = decide(snapshot({ jobs, sandboxes: [sandbox(9)] }), limited);
    expect(decisions.map(brief).sort()).toEqual([
      "defer:repository-at-capacity 1",
      "defer:repository-at-capacity 2",
      "spawn 3#1 in cpu",
    ]);
  });

  it("when there is not room for all, is fair between repositories, and then takes the oldest first", () => {
    const jobs = [
      ...[1, 2, 3, 4].map((id) => job(id, { repository: "acme/loud", createdAt: now - 9_000 + id })),
      job(5, { repository: "acme/quiet", createdAt: now - 1_000 }),
    ];
    expect(decide(snapshot({ jobs }), policy()).map(brief)).toEqual([
      "spawn 1#1 in cpu",
      "spawn 5#1 in cpu",
      "spawn 2#1 in cpu",
      "defer:pool-at-capacity 3",
      "defer:pool-at-capacity 4",
    ]);
  });

  it("ends a Sandbox whose runner never came online, and one that idles for too long, but none that works", () => {
    const old = { createdAt: now - 26 * 60_000 };
    const older = { createdAt: now - 31 * 60_000 };
    const sandboxes = [
      sandbox(1, old),
      sandbox(2, old),
      sandbox(3, older),
      sandbox(4, older),
      sandbox(5, { ...older, busy: true }),
    ];
    const registrations = [
      registration(runner(1), { online: false }),
      registration(runner(2)),
      registration(runner(3)),
      registration(runner(4), { busy: true }),
      registration(runner(5)),
    ];
    const decisions = decide(snapshot({ sandboxes, registrations }), policy());
    expect(decisions.map(brief)).toEqual(["terminate:never-registered sb-1", "terminate:idle sb-3"]);
  });

  it("holds the fleet's limit over all pools", () => {
    const jobs = [job(1), job(2, { labels: ["modal", "gpu-t4"] })];
    const decisions = decide(snapshot({ jobs }), policy("limits: { max-runners: 1 }"));
    expect(decisions.map(brief)).toEqual(["spawn 1#1 in cpu", "defer:fleet-at-capacity 2"]);
  });

  it("with runners registered by repository, gives no job a runner of another repository", () => {
    const base = policy();
    const byRepository = { ...base, github: { ...base.github, scope: "repository" as const } };
    const jobs = [job(1, { status: "in_progress", runnerName: "theirs" }), job(2, { repository: "acme/other" })];
    const decisions = decide(snapshot({ jobs, sandboxes: [sandbox(1)] }), byRepository);
    expect(decisions.map(brief)).toEqual(["ignore:foreign-runner 1", "spawn 2#1 in cpu", "terminate:surplus sb-1"]);
  });
});

describe("decide, whatever it is given", () => {
  const ids = fc.integer({ min: 1, max: 8 });
  const jobs = fc.uniqueArray(
    fc.record({
      id: ids,
      status: fc.constantFrom<Job["status"]>("queued", "in_progress", "completed", "waiting"),
      labels: fc.constantFrom<string[]>(["modal"], ["modal", "gpu-t4"], ["none"]),
      runnerName: fc.option(ids.map((id) => runner(id))),
      conclusion: fc.constantFrom("success", "cancelled"),
    }),
    { selector: (entry) => entry.id },
  );
  const sandboxes = fc.uniqueArray(
    fc.record({ made: ids, jobId: ids, busy: fc.boolean(), pool: fc.constantFrom("cpu", "gpu") }),
    { selector: (entry) => entry.made },
  );
  const snapshots = fc.record({ jobs, sandboxes, isWhole: fc.boolean() }).map((given) =>
    snapshot({
      jobs: given.jobs.map((entry) => job(entry.id, { ...entry, runnerName: entry.runnerName ?? null })),
      sandboxes: given.sandboxes.map(({ made, ...rest }): FleetSandbox => ({ ...sandbox(made), ...rest })),
      ...(given.isWhole ? { registrations: [] } : {}),
    }),
  );

  it("never exceeds a limit, never ends a busy Sandbox, never starts two for one job", () => {
    fc.assert(
      fc.property(snapshots, (given) => {
        const limits = policy("limits: { max-runners: 4 }");
        const decisions = decide(given, limits);
        const spawns = decisions.filter((decision) => decision.action === "spawn");
        if (spawns.length > 0) expect(given.sandboxes.length + spawns.length).toBeLessThanOrEqual(4);
        expect(new Set(spawns.map((decision) => decision.job.id)).size).toBe(spawns.length);
        const names = given.sandboxes.map((entry) => entry.name);
        for (const spawn of spawns) expect(names).not.toContain(`${spawn.job.id}-${spawn.attempt}`);
        for (const decision of decisions)
          if (decision.action === "terminate") expect(decision.sandbox.busy).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("says of each job exactly one thing that is about that job, and the same on every call", () => {
    fc.assert(
      fc.property(snapshots, (given) => {
        const decisions = decide(given, policy());
        expect(decide(given, policy())).toEqual(decisions);
        const queued = given.jobs.filter((entry) => entry.status === "queued").map((entry) => entry.id);
        for (const id of queued) {
          expect(decisions.filter((decision) => "job" in decision && decision.job.id === id)).toHaveLength(1);
        }
      }),
      { numRuns: 500 },
    );
  });
});
