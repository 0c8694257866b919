// The fleet's runners, each joined from what Modal (the Sandbox) and GitHub (the registration) know of it.
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { parseOwnRunnerName } from "../fleet/names.ts";
import type { GitHub, Modal } from "../fleet/ports.ts";
import { sizeOf } from "../fleet/size.ts";
import type { FleetSandbox, Registration } from "../fleet/snapshot.ts";
import { estimateDollars } from "../policy/prices.ts";
import type { Policy } from "../policy/schema.ts";
import { parseJobReference } from "./job-reference.ts";
import { isNamed } from "./repository-filter.ts";

/**
 * `starting`: Sandbox there, runner not yet connected. `idle`: waits for its job. `busy`: runs a job. `ending`: its job
 * is over. `unregistered`: GitHub does not know it, and it never had a job. `no-sandbox`: registered, but nothing runs it.
 */
export type RunnerState = "starting" | "idle" | "busy" | "ending" | "unregistered" | "no-sandbox";

export interface ListedRunner {
  runner: string;
  state: RunnerState;
  pool: string;
  /**
   * The job it runs or waits for, as its Sandbox's tags say: until the controller has heard which job a runner took, the one
   * that it was made for. 0 for one that is kept ready, or has a job of which GitHub tells the fleet nothing.
   */
  job: number;
  /** `owner/name`; null where only the registration is left, which does not say it. */
  repository: string | null;
  run: number | null;
  sandboxId: string | null;
  registrationId: number | null;
  /** ISO 8601; to the minute for a registration without a Sandbox. */
  createdAt: string;
  ageMs: number;
  /** How long it has waited for a job; null unless it is idle. A just-in-time runner has one job, so this is its age. */
  idleMs: number | null;
  /** Null where neither a Sandbox nor a pool of the policy says them. */
  resources: { cpu: number; memoryMiB: number; gpu: string | null } | null;
  /** By estimate, from Modal's list prices; null without resources. */
  dollarsPerHour: number | null;
  /** By estimate, so far. */
  dollars: number | null;
}

export const runnerStates: readonly RunnerState[] = [
  "starting",
  "idle",
  "busy",
  "ending",
  "unregistered",
  "no-sandbox",
];

export interface RunnerFilter {
  pools?: readonly string[];
  /** `owner/name`, or the name alone. */
  repositories?: readonly string[];
  states?: readonly string[];
}

/** Whether a runner is asked for; whatever the filter leaves out lets all pass. */
export function isWanted(runner: ListedRunner, { pools, repositories, states }: RunnerFilter): boolean {
  return (
    (pools === undefined || pools.includes(runner.pool)) &&
    (repositories === undefined || isNamed(runner.repository, repositories)) &&
    (states === undefined || states.includes(runner.state))
  );
}

/**
 * The one runner that a reference names: its name, its Sandbox's id, or its job's id, address or run.
 * @throws AbortError when there is none, or several
 */
export function findRunner(reference: string, all: readonly ListedRunner[]): ListedRunner {
  const byName = all.find(({ runner, sandboxId }) => runner === reference || sandboxId === reference);
  if (byName) return byName;
  const meant = parseJobReference(reference);
  const matches = all.filter((runner) =>
    meant.kind === "job" ? runner.job === meant.jobId : meant.kind === "run" && runner.run === meant.runId,
  );
  const [match, ...others] = matches;
  if (match && others.length === 0) return match;
  if (match) {
    throw new AbortError(`${reference} has ${matches.length} runners; say which.`, {
      code: "several-runners",
      exitCode: ExitCode.Usage,
      nextSteps: matches.map(({ runner, state }) => `${runner}  (${state})`),
    });
  }
  throw new AbortError(`The fleet has no runner ${reference}.`, {
    code: "no-such-runner",
    nextSteps: ["modal-gha runners ls"],
  });
}

/** Lists every runner of the fleet, the oldest first: one list call a page at each service, and none for a runner. */
export async function listRunners(
  fleet: { github: GitHub; modal: Modal; policy: Policy },
  now: number,
): Promise<ListedRunner[]> {
  const [sandboxes, registrations] = await Promise.all([fleet.modal.sandboxes(), fleet.github.registrations()]);
  return joinRunners(sandboxes, registrations, fleet.policy, now);
}

/** What Modal and GitHub told of the same runners, put together; the oldest first. */
export function joinRunners(
  sandboxes: readonly FleetSandbox[],
  registrations: readonly Registration[],
  policy: Policy,
  now: number,
): ListedRunner[] {
  const byName = new Map(registrations.map((registration) => [registration.name, registration]));
  const listed = sandboxes.map((sandbox) => fromSandbox(sandbox, byName.get(sandbox.runnerName), policy, now));
  const alive = new Set(sandboxes.map((sandbox) => sandbox.runnerName));
  for (const registration of registrations) {
    const name = parseOwnRunnerName(registration.name, policy);
    if (!name || alive.has(registration.name)) continue;
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
      idleMs: null,
      resources: null,
      dollarsPerHour: null,
      dollars: null,
    });
  }
  return listed.sort((a, b) => b.ageMs - a.ageMs);
}

function fromSandbox(
  sandbox: FleetSandbox,
  registration: Registration | undefined,
  policy: Policy,
  now: number,
): ListedRunner {
  const state = stateOf(sandbox, registration);
  const ageMs = now - sandbox.createdAt;
  const resources = sizeOf(sandbox, policy);
  const dollars = (seconds: number) => (resources ? estimateDollars(policy, resources, seconds) : null);
  return {
    runner: sandbox.runnerName,
    state,
    pool: sandbox.pool,
    job: sandbox.jobId,
    repository: sandbox.repository,
    run: sandbox.runId,
    sandboxId: sandbox.id,
    // One that the list leaves out may be registered all the same.
    registrationId: registration?.id ?? sandbox.registrationId,
    createdAt: new Date(sandbox.createdAt).toISOString(),
    ageMs,
    idleMs: state === "idle" ? ageMs : null,
    resources: resources ? { cpu: resources.cpu, memoryMiB: resources.memoryMiB, gpu: resources.gpu ?? null } : null,
    dollarsPerHour: dollars(3600),
    dollars: dollars(ageMs / 1000),
  };
}

function stateOf(sandbox: FleetSandbox, registration: Registration | undefined): RunnerState {
  if (!registration) return sandbox.busy ? "ending" : "unregistered";
  if (registration.busy || sandbox.busy) return "busy";
  return registration.online ? "idle" : "starting";
}
