// Short ways to write jobs, Sandboxes, registrations and policies in tests.
import { runnerName, sandboxName } from "../../../src/lib/fleet/names.ts";
import type { FleetSandbox, Job, Registration, Snapshot } from "../../../src/lib/fleet/snapshot.ts";
import { parsePolicy } from "../../../src/lib/policy/parse.ts";
import type { Policy } from "../../../src/lib/policy/schema.ts";

export const now = Date.parse("2026-03-01T12:00:00Z");

export function policy(more = ""): Policy {
  return parsePolicy(`
fleet: test
github: { owner: acme }
pools:
  - { name: cpu, labels: [modal], max-runners: 3 }
  - { name: gpu, labels: [modal, gpu-t4], gpu: T4, max-runners: 2 }
${more}`);
}

export function job(id: number, given: Partial<Job> = {}): Job {
  return {
    id,
    runId: 7000,
    runAttempt: 1,
    repository: "acme/app",
    name: `job ${id}`,
    labels: ["self-hosted", "modal"],
    status: "queued",
    conclusion: null,
    runnerName: null,
    createdAt: now - 5_000,
    htmlUrl: "",
    isForkPullRequest: false,
    ...given,
  };
}

export function sandbox(jobId: number, given: Partial<FleetSandbox> = {}): FleetSandbox {
  return {
    id: `sb-${jobId}`,
    name: sandboxName(jobId, 1),
    createdAt: now - 120_000,
    pool: "cpu",
    repository: "acme/app",
    jobId,
    runId: 7000,
    busy: false,
    runnerName: runner(jobId),
    registrationId: jobId + 1,
    resourceLabel: "",
    isIsolated: false,
    ...given,
  };
}

/** The name of the runner that was made for a job, an hour ago. */
export function runner(jobId: number, pool = "cpu", minutesAgo = 60, fleet = "test"): string {
  return runnerName({ fleet, pool }, jobId, 1, now - minutesAgo * 60_000, "abcde");
}

export function registration(name: string, given: Partial<Registration> = {}): Registration {
  return { id: 99, name, online: true, busy: false, repository: null, ...given };
}

export function snapshot(given: Partial<Snapshot>): Snapshot {
  return { now, jobs: [], sandboxes: [], ending: [], failed: [], starting: [], ...given };
}
