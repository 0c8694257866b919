// A fleet of any size, for benchmarks and tests of the screen: what GitHub and Modal would tell of it.
import { knownRunners } from "../../src/lib/dashboard/runners.ts";
import type { DashboardSource } from "../../src/lib/dashboard/source.ts";
import { readDashboardUsage } from "../../src/lib/dashboard/usage.ts";
import { runnerName } from "../../src/lib/fleet/names.ts";
import type { FleetSandbox, Registration } from "../../src/lib/fleet/snapshot.ts";
import type { ListedJob } from "../../src/lib/operations/list-jobs.ts";
import { parsePolicy } from "../../src/lib/policy/parse.ts";

const policyText = `
fleet: large
github: { owner: acme }
pools:
  - { name: cpu, labels: [modal], cpu: 2, memory: 4GiB, max-runners: 2000 }
  - { name: gpu-h100, labels: [gpu-h100], gpu: H100, memory: 64GiB, max-runners: 2000 }
`;

function refuse(): never {
  throw new Error("nothing can be done to a fleet that does not exist");
}

/** @param now milliseconds since the epoch */
export function largeFleet(size: number, now: () => number): DashboardSource {
  const policy = parsePolicy(policyText);
  const began = now() - 3_600_000;
  const indices = Array.from({ length: size }, (_, index) => index);
  const poolOf = (index: number) => (index % 5 === 0 ? "gpu-h100" : "cpu");
  const nameOf = (index: number) => {
    const number = String(index).padStart(2, "0");
    return runnerName({ fleet: policy.fleet, pool: poolOf(index) }, 60_000_000_000 + index, 1, began, number);
  };
  const sandboxes = async (): Promise<FleetSandbox[]> =>
    indices.map((index) => ({
      id: `sb-${String(index).padStart(26, "0")}`,
      name: `${60_000_000_000 + index}-1`,
      createdAt: began + index * 1000,
      pool: poolOf(index),
      repository: `acme/repository-${index % 40}`,
      jobId: 60_000_000_000 + index,
      runId: 19_000_000_000 + Math.floor(index / 8),
      busy: index % 10 !== 9,
      runnerName: nameOf(index),
      registrationId: index + 1,
      resourceLabel: "",
      isIsolated: false,
    }));
  const registrations = async (): Promise<Registration[]> =>
    indices.map((index) => ({
      id: index + 1,
      name: nameOf(index),
      online: true,
      busy: index % 10 !== 9,
      repository: null,
    }));
  const jobs = (): ListedJob[] =>
    indices.slice(0, 300).map((index) => ({
      job: 60_000_000_000 + index,
      run: 19_000_000_000 + Math.floor(index / 8),
      attempt: 1,
      repository: `acme/repository-${index % 40}`,
      name: `test (${index % 8})`,
      labels: ["modal"],
      url: "",
      state: index < 20 ? "queued" : "running",
      conclusion: null,
      createdAt: new Date(began + index * 1000).toISOString(),
      startedAt: index < 20 ? null : new Date(began + index * 1000 + 9000).toISOString(),
      completedAt: null,
      waitedMs: 9000,
      ranMs: index < 20 ? null : 60_000,
      pool: poolOf(index),
      runner: nameOf(index),
      sandboxId: null,
      decision: index < 20 ? "defer:pool-at-capacity" : "ignore:not-queued",
      detail: null,
    }));
  return {
    fleet: "large",
    owner: "acme",
    onWarning: () => () => undefined,
    sandboxes,
    registrations,
    runners: (known, at) => knownRunners(known, policy, at),
    jobs: async () => ({ jobs: jobs(), unseen: [], isWhole: true }),
    deliveries: async () => [],
    usage: () => readDashboardUsage({ modal: { sandboxes, ended: async () => [] }, policy }, now()),
    rate: async () => ({ limit: 5000, remaining: 4321, resetsAt: now() + 1_000_000 }),
    githubCalls: () => 0,
    deliveryAnswer: async () => null,
    explain: async () => refuse(),
    // biome-ignore lint/correctness/useYield: it has no lines.
    log: async function* () {
      refuse();
    },
    kill: async () => refuse(),
    spawn: async () => refuse(),
    redeliver: async () => refuse(),
    reconcile: async () => refuse(),
    shell: async () => refuse(),
    open: async () => false,
    jobUrl: (repository, run, job) => `https://github.com/${repository}/actions/runs/${run}/job/${job}`,
    close: () => undefined,
  };
}
