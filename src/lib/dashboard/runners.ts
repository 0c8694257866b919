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

function statesOf({ sandboxes, registrations, former }: KnownSides, policy: Policy, now: number): DashboardRunner[] {
  const joined = joinRunners(sandboxes?.list ?? [], registrations?.list ?? [], policy, now);
  if (registrations === undefined) return withoutGitHub(joined, sandboxes?.list ?? []);
  if (sandboxes === undefined) return withoutModal(joined, registrations.list);
  const known = new Map(registrations.list.map((registration) => [registration.id, registration]));
  const wereUnregistered = new Set(
    (former ?? []).filter(({ state }) => state === "unregistered").map(({ runner }) => runner),
  );
  return joined.map((runner): DashboardRunner => {
    const createdAt = Date.parse(runner.createdAt);
    if (runner.state === "unregistered") {
      // It may have been registered since GitHub was asked; or it has ended since Modal was, and is one no more.
      if (createdAt > registrations.askedAt - leewayMs) return { ...runner, state: "starting" };
      const isCertain = sandboxes.askedAt >= registrations.askedAt || wereUnregistered.has(runner.runner);
      return isCertain ? runner : { ...runner, state: "unknown" };
    }
    if (runner.state !== "no-sandbox") return runner;
    const registration = known.get(runner.registrationId ?? 0);
    // Its Sandbox may be there since Modal was asked, and GitHub knows how far it has come.
    if (createdAt > sandboxes.askedAt - 2 * leewayMs) return { ...runner, state: atGitHub(registration) ?? "starting" };
    // Or it has ended since GitHub was asked, and the registration with it.
    const hasEnded = registrations.askedAt < sandboxes.askedAt && registration?.online === true;
    return hasEnded ? { ...runner, state: "ending" } : runner;
  });
}

function atGitHub(registration: Registration | undefined): "busy" | "idle" | undefined {
  return registration?.busy ? "busy" : registration?.online ? "idle" : undefined;
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
    return { ...runner, state: atGitHub(known.get(runner.registrationId ?? 0)) ?? "unknown" };
  });
}
