// What is left over when webhooks were lost or a controller died: Sandboxes without a registration, registrations without
// a Sandbox. Only for snapshots of the whole fleet. Pure, like decide.ts.
import type { Policy } from "../policy/schema.ts";
import type { Decision } from "./decision.ts";
import type { Ledger } from "./ledger.ts";
import { parseOwnRunnerName } from "./names.ts";
import type { FleetSandbox, Registration, Snapshot } from "./snapshot.ts";

/** A registration this young may be one whose Sandbox another controller is creating right now. */
const newcomerMs = 5 * 60_000;
/** How long a Sandbox may take to be scheduled (a GPU: 21 minutes at most in the SDK), to start, and its runner to connect. */
const startUpMs = 25 * 60_000;
/** A Sandbox this young may be newer than the list of registrations that it is compared with. */
const listLagMs = 60_000;

/**
 * Sandboxes whose runner GitHub does not know any more: it removes an idle one's registration after minutes
 * (github.com/actions/runner/issues/4726), and then no job will ever reach it. Taken out of the ledger.
 */
export function decideOrphans(snapshot: Snapshot, registrations: readonly Registration[], ledger: Ledger): Decision[] {
  const working = runnersOfJobs(snapshot);
  const orphans = withoutRegistration(ledger.sandboxes, registrations, snapshot.now).filter(
    (sandbox) => !working.has(sandbox.runnerName),
  );
  return orphans.map((sandbox) => {
    ledger.remove(sandbox);
    const detail = `GitHub has no runner ${sandbox.runnerName} any more, and no job runs on it`;
    return { action: "finish", reason: "terminate:orphan", detail, sandbox };
  });
}

/** Sandboxes whose runner is not on the list, and should be. */
export function withoutRegistration(
  sandboxes: readonly FleetSandbox[],
  registrations: readonly Registration[],
  now: number,
): FleetSandbox[] {
  const registered = new Set(registrations.map(({ name }) => name));
  return sandboxes.filter(({ runnerName, createdAt }) => !registered.has(runnerName) && now - createdAt >= listLagMs);
}

/**
 * Sandboxes that should have ended by themselves: the entrypoint's own idle deadline comes first, so this is for one whose
 * entrypoint hangs or whose runner never connected. Deregistering comes first, so one that is busy after all is kept.
 */
export function decideIdle(
  snapshot: Snapshot,
  registrations: readonly Registration[],
  policy: Policy,
  ledger: Ledger,
): Decision[] {
  const byName = new Map(registrations.map((registration) => [registration.name, registration]));
  const working = runnersOfJobs(snapshot);
  return [...ledger.sandboxes].flatMap((sandbox): Decision[] => {
    const registration = byName.get(sandbox.runnerName);
    if (!registration || sandbox.busy || registration.busy || working.has(sandbox.runnerName)) return [];
    const idleLimit = policy.pools.find((pool) => pool.name === sandbox.pool)?.idleTimeoutSeconds ?? 0;
    const ageMs = snapshot.now - sandbox.createdAt;
    const isDeaf = !registration.online && ageMs > startUpMs;
    if (!isDeaf && ageMs <= startUpMs + idleLimit * 1000) return [];
    ledger.remove(sandbox);
    const minutes = Math.floor(ageMs / 60_000);
    const detail = `${sandbox.runnerName} is ${isDeaf ? "offline" : "idle"} after ${minutes} minutes`;
    const reason = isDeaf ? "terminate:never-registered" : "terminate:idle";
    return [{ action: "terminate", reason, detail, sandbox }];
  });
}

/** Registrations of this fleet that no Sandbox stands behind. */
export function decideAbandoned(
  snapshot: Snapshot,
  registrations: readonly Registration[],
  policy: Policy,
): Decision[] {
  const alive = new Set(snapshot.sandboxes.map((sandbox) => sandbox.runnerName));
  const starting = new Set(snapshot.starting.map((entry) => entry.jobId));
  const working = runnersOfJobs(snapshot);
  return registrations.flatMap((registration): Decision[] => {
    const name = parseOwnRunnerName(registration.name, policy);
    if (!name || alive.has(registration.name) || starting.has(name.jobId)) return [];
    if (registration.online || registration.busy || working.has(registration.name)) return [];
    if (snapshot.now - name.mintedAt < newcomerMs) return [];
    const detail = `runner ${registration.name} is offline and has no Sandbox`;
    return [{ action: "deregister", reason: "deregister:no-sandbox", detail, registration }];
  });
}

function runnersOfJobs(snapshot: Snapshot): Set<string> {
  const names = snapshot.jobs.map((job) => (job.status === "in_progress" ? job.runnerName : null));
  return new Set(names.filter((name) => name !== null));
}
