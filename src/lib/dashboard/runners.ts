// The runners as far as they are known: the two services are asked apart, and one of them may not answer at all. Better half
// the truth, and told so, than an empty screen; and nothing is called left over only because one answer is older.
import type { FleetSandbox, Registration } from "../fleet/snapshot.ts";
import type { ListedJob } from "../operations/list-jobs.ts";
import { joinRunners, type ListedRunner } from "../operations/list-runners.ts";
import type { Policy } from "../policy/schema.ts";
import type { DashboardRunner, KnownSides } from "./source.ts";

/** Between a registration and its Sandbox, or the end of one and of the other, so much time may pass. */
const leewayMs = 60_000;

/** @param now milliseconds since the epoch */
export function knownRunners(known: KnownSides, policy: Policy, now: number): DashboardRunner[] {
  const heard = new Set((known.sandboxes?.list ?? []).filter(({ busy }) => busy).map(({ id }) => id));
  return statesOf(known, policy, now).map((runner) =>
    runner.state === "busy" && !heard.has(runner.sandboxId ?? "")
      ? { ...runner, ...jobOn(runner, known.jobs) }
      : runner,
  );
}

/**
 * GitHub gives a job to any runner whose labels fit: until the controller has heard of it, and tagged the Sandbox so, only
 * the list of jobs knows what a busy one runs.
 */
function jobOn(
  { runner }: DashboardRunner,
  jobs: KnownSides["jobs"] = [],
): Pick<ListedRunner, "job" | "run" | "repository"> {
  const found = jobs.find((job: ListedJob) => job.state === "running" && job.runner === runner);
  return found
    ? { job: found.job, run: found.run, repository: found.repository }
    : { job: 0, run: null, repository: null };
}

function statesOf({ sandboxes, registrations }: KnownSides, policy: Policy, now: number): DashboardRunner[] {
  const joined = joinRunners(sandboxes?.list ?? [], registrations?.list ?? [], policy, now);
  if (registrations === undefined) return withoutGitHub(joined, sandboxes?.list ?? []);
  if (sandboxes === undefined) return withoutModal(joined, registrations.list);
  return joined.map((runner) => {
    const createdAt = Date.parse(runner.createdAt);
    // It may have been registered since GitHub was asked.
    if (runner.state === "unregistered" && createdAt > registrations.askedAt - leewayMs) {
      return { ...runner, state: "starting" };
    }
    if (runner.state !== "no-sandbox") return runner;
    // Its Sandbox may be on its way; or it has ended since GitHub was asked, and the registration with it.
    if (createdAt > sandboxes.askedAt - 2 * leewayMs) return { ...runner, state: "starting" };
    return registrations.askedAt < sandboxes.askedAt && wasAlive(runner, registrations.list)
      ? { ...runner, state: "ending" }
      : runner;
  });
}

function wasAlive({ registrationId }: ListedRunner, registrations: readonly Registration[]): boolean {
  return registrations.some(({ id, online }) => id === registrationId && online);
}

/** A Sandbox's tags tell whether a job was seen on it; whether it is online, GitHub alone knows. */
function withoutGitHub(runners: readonly ListedRunner[], sandboxes: readonly FleetSandbox[]): DashboardRunner[] {
  const busy = new Set(sandboxes.filter((sandbox) => sandbox.busy).map(({ id }) => id));
  return runners.map((runner) => ({
    ...runner,
    state: busy.has(runner.sandboxId ?? "") ? "busy" : "unknown",
    idleMs: null,
  }));
}

function withoutModal(runners: readonly ListedRunner[], registrations: readonly Registration[]): DashboardRunner[] {
  const known = new Map(registrations.map((registration) => [registration.id, registration]));
  return runners.map((runner) => {
    const registration = known.get(runner.registrationId ?? 0);
    return { ...runner, state: registration?.busy ? "busy" : registration?.online ? "idle" : "unknown" };
  });
}
