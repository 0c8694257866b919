// The fleet's runners, each joined from what Modal (the Sandbox) and GitHub (the registration) know of it.
import { parseRunnerName } from "../fleet/names.ts";
import type { GitHub, Modal } from "../fleet/ports.ts";
import type { FleetSandbox, Registration } from "../fleet/snapshot.ts";
import type { Policy } from "../policy/schema.ts";

/**
 * `starting`: Sandbox there, runner not yet connected. `idle`: waits for its job. `busy`: runs a job. `ending`: its job
 * is over. `unregistered`: GitHub does not know it, and it never had a job. `no-sandbox`: registered, but nothing runs it.
 */
export type RunnerState = "starting" | "idle" | "busy" | "ending" | "unregistered" | "no-sandbox";

export interface ListedRunner {
  runner: string;
  state: RunnerState;
  pool: string;
  /** The job it runs or waits for. */
  job: number;
  /** `owner/name`; null where only the registration is left, which does not say it. */
  repository: string | null;
  run: number | null;
  sandboxId: string | null;
  registrationId: number | null;
  /** ISO 8601; to the minute for a registration without a Sandbox. */
  createdAt: string;
  ageMs: number;
}

/** Lists every runner of the fleet, the oldest first. */
export async function listRunners(
  fleet: { github: GitHub; modal: Modal; policy: Policy },
  now: number,
): Promise<ListedRunner[]> {
  const [sandboxes, registrations] = await Promise.all([fleet.modal.sandboxes(), fleet.github.registrations()]);
  const byName = new Map(registrations.map((registration) => [registration.name, registration]));
  const listed = sandboxes.map((sandbox) => fromSandbox(sandbox, byName.get(sandbox.runnerName), now));
  const alive = new Set(sandboxes.map((sandbox) => sandbox.runnerName));
  const pools = new Set(fleet.policy.pools.map((pool) => pool.name));
  for (const registration of registrations) {
    const name = parseRunnerName(registration.name);
    if (!name || !pools.has(name.pool) || alive.has(registration.name)) continue;
    listed.push({
      runner: registration.name,
      state: "no-sandbox",
      pool: name.pool,
      job: name.jobId,
      repository: registration.repository,
      run: null,
      sandboxId: null,
      registrationId: registration.id,
      createdAt: new Date(name.mintedAt).toISOString(),
      ageMs: now - name.mintedAt,
    });
  }
  return listed.sort((a, b) => b.ageMs - a.ageMs);
}

function fromSandbox(sandbox: FleetSandbox, registration: Registration | undefined, now: number): ListedRunner {
  return {
    runner: sandbox.runnerName,
    state: stateOf(sandbox, registration),
    pool: sandbox.pool,
    job: sandbox.jobId,
    repository: sandbox.repository,
    run: sandbox.runId,
    sandboxId: sandbox.id,
    registrationId: registration?.id ?? null,
    createdAt: new Date(sandbox.createdAt).toISOString(),
    ageMs: now - sandbox.createdAt,
  };
}

function stateOf(sandbox: FleetSandbox, registration: Registration | undefined): RunnerState {
  if (!registration) return sandbox.busy ? "ending" : "unregistered";
  if (registration.busy || sandbox.busy) return "busy";
  return registration.online ? "idle" : "starting";
}
