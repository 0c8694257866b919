// Rows and states for tests of the screen.
import type { DashboardRunner } from "../../../src/lib/dashboard/source.ts";
import type { ListedJob } from "../../../src/lib/operations/list-jobs.ts";
import { type DashboardEvent, reduce } from "../../../src/ui/dashboard/reduce.ts";
import { type DashboardState, initialState } from "../../../src/ui/dashboard/state.ts";

export const now = Date.parse("2026-03-01T12:00:00Z");

export function runner(name: string, changes: Partial<DashboardRunner> = {}): DashboardRunner {
  return {
    runner: name,
    state: "busy",
    pool: "cpu",
    job: 42,
    repository: "acme/app",
    run: 7,
    sandboxId: `sb-${name}`,
    registrationId: 1,
    createdAt: new Date(now - 60_000).toISOString(),
    ageMs: 60_000,
    idleMs: null,
    resources: { cpu: 2, memoryMiB: 4096, gpu: null },
    dollarsPerHour: 0.36,
    dollars: 0.006,
    ...changes,
  };
}

export function job(id: number, changes: Partial<ListedJob> = {}): ListedJob {
  return {
    job: id,
    run: 7,
    attempt: 1,
    repository: "acme/app",
    name: `job ${id}`,
    labels: ["modal"],
    url: `https://github.com/acme/app/actions/runs/7/job/${id}`,
    state: "queued",
    conclusion: null,
    createdAt: new Date(now - 90_000).toISOString(),
    startedAt: null,
    completedAt: null,
    waitedMs: 90_000,
    ranMs: null,
    pool: "cpu",
    runner: null,
    sandboxId: null,
    decision: "defer:pool-at-capacity",
    detail: "20 of 20 Sandboxes of pool cpu are alive",
    ...changes,
  };
}

export function emptyState(changes: Partial<DashboardState> = {}): DashboardState {
  const size = { columns: 100, rows: 15 };
  return { ...initialState({ fleet: "research", owner: "acme", isReadOnly: false, now, size }), ...changes };
}

export function through(state: DashboardState, ...events: DashboardEvent[]): DashboardState {
  return events.reduce(reduce, state);
}

/** These runners have come. */
export function withRunners(runners: readonly DashboardRunner[], state = emptyState()): DashboardState {
  const times = { askedAt: now, at: now };
  const answer = { type: "answered", feed: "sandboxes", data: [], runners, ...times } as const;
  return through(state, answer, { type: "answered", feed: "registrations", data: [], ...times });
}

export function withJobs(jobs: ListedJob[], state = emptyState()): DashboardState {
  return through(state, {
    type: "answered",
    feed: "jobs",
    data: { jobs, unseen: [], isWhole: true },
    askedAt: now,
    at: now,
  });
}

/** Lets everything happen that waits for nothing but its turn. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
