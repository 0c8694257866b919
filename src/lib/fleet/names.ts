// The names and tags by which GitHub and Modal remember what a runner is for. There is no other record.
import type { Policy } from "../policy/schema.ts";
import { readSize, type Size, writeSize } from "./size.ts";
import type { FleetSandbox, Job } from "./snapshot.ts";

/** Modal keeps this name unique among the running Sandboxes of an App, which makes it the lock against double provisioning. */
export function sandboxName(jobId: number, attempt: number): string {
  return `${jobId}-${attempt}`;
}

/** The name of a Sandbox that is kept ready, unique in the same way. */
export function warmSandboxName(pool: string, slot: number): string {
  return `warm-${pool}-${slot}`;
}

/** Pool and slot of the name of a Sandbox that is, or was, kept ready. */
export function parseWarmSandboxName(name: string): { pool: string; slot: number } | undefined {
  const match = /^warm-(.+)-(\d+)$/.exec(name);
  return match ? { pool: match[1] as string, slot: Number(match[2]) } : undefined;
}

/** Job and attempt of a Sandbox's name; undefined for a name that is not one of a job's Sandbox. */
export function parseSandboxName(name: string): { jobId: number; attempt: number } | undefined {
  const match = /^(\d+)-(\d+)$/.exec(name);
  return match ? { jobId: Number(match[1]), attempt: Number(match[2]) } : undefined;
}

/**
 * A runner name: `<pool>-<job>-<attempt>-<stamp><mark><random>`. The stamp is the minute of minting in base 36, so that a
 * registration, for which GitHub keeps no date, tells its own age. The mark is the fleet's: fleets of one organisation may
 * have like pools, and a registration has nothing but its name to tell whose it is.
 * @param random characters of [a-z0-9], of which the last two count: two controllers that serve the same job in the same
 * minute take two names, or one finds its name taken and takes another
 */
export function runnerName(
  { fleet, pool }: { fleet: string; pool: string },
  jobId: number,
  attempt: number,
  now: number,
  random: string,
): string {
  return `${pool}-${jobId}-${attempt}-${Math.floor(now / 60_000).toString(36)}${fleetMark(fleet)}${random.slice(-2)}`;
}

/** Three characters of [a-z0-9] that tell the fleets of an organisation apart: FNV-1a, since decisions reach no package. */
function fleetMark(fleet: string): string {
  let hash = 0x811c9dc5;
  for (const character of fleet) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return (hash % 36 ** 3).toString(36).padStart(3, "0");
}

/** Five characters of [a-z0-9], for runnerName. */
export function randomSuffix(): string {
  return Math.random().toString(36).slice(2, 7).padEnd(5, "0");
}

/** What a runner name tells. */
export interface RunnerName {
  pool: string;
  jobId: number;
  attempt: number;
  /** True to the minute. */
  mintedAt: number;
  /** Of its fleet. */
  mark: string;
}

/** What a runner name tells; undefined for a runner of no fleet. Whether it is of this one: parseOwnRunnerName. */
export function parseRunnerName(name: string): RunnerName | undefined {
  const match = /^([a-z0-9-]+)-(\d+)-(\d+)-([a-z0-9]{5})([a-z0-9]{3})[a-z0-9]{2}$/.exec(name);
  if (!match) return undefined;
  const [, pool, job, attempt, stamp, mark] = match as unknown as [string, string, string, string, string, string];
  return { pool, jobId: Number(job), attempt: Number(attempt), mintedAt: Number.parseInt(stamp, 36) * 60_000, mark };
}

/** What the name of a runner of this fleet tells; undefined for one that is of no pool of it, or another fleet's. */
export function parseOwnRunnerName(
  name: string | null,
  { fleet, pools }: Pick<Policy, "fleet" | "pools">,
): RunnerName | undefined {
  const parsed = parseRunnerName(name ?? "");
  const isOurs = parsed?.mark === fleetMark(fleet) && pools.some((pool) => pool.name === parsed.pool);
  return isOurs ? parsed : undefined;
}

/** The tag that says a Sandbox belongs to some modal-gha fleet; nothing without it is ever touched. */
export const ownershipTag = { "managed-by": "modal-gha" } as const;

export interface SandboxIdentity {
  fleet: string;
  pool: string;
  job: Pick<Job, "id" | "runId" | "repository">;
  attempt: number;
  busy: boolean;
  runnerName: string;
  registrationId: number;
  createdAt: number;
  resourceLabel: string;
  isIsolated: boolean;
  size?: Size;
}

/** The whole set of a Sandbox's tags; Modal replaces all of them at once. */
export function sandboxTags(identity: SandboxIdentity): Record<string, string> {
  return {
    ...ownershipTag,
    fleet: identity.fleet,
    pool: identity.pool,
    repository: identity.job.repository,
    job: String(identity.job.id),
    run: String(identity.job.runId),
    attempt: String(identity.attempt),
    state: identity.busy ? "busy" : "waiting",
    runner: identity.runnerName,
    registration: String(identity.registrationId),
    created: new Date(identity.createdAt).toISOString(),
    ...(identity.resourceLabel ? { resources: identity.resourceLabel } : {}),
    ...(identity.isIsolated ? { isolated: "true" } : {}),
    ...(identity.size ? { size: writeSize(identity.size) } : {}),
  };
}

const withdrawn = "withdrawn";

/** The tags of a Sandbox that is being taken back: see FleetSandbox.isWithdrawn. */
export function withdrawnTags(tags: Record<string, string>): Record<string, string> {
  return { ...tags, state: withdrawn };
}

/** Reads a Sandbox back from its tags; undefined when they are not whole, so that half-known Sandboxes are never acted on. */
export function readSandbox(id: string, name: string, tags: Record<string, string>): FleetSandbox | undefined {
  const [jobId, runId, registrationId] = [Number(tags.job), Number(tags.run), Number(tags.registration)];
  const createdAt = Date.parse(tags.created ?? "");
  const { pool, repository, runner } = tags;
  if (!pool || !repository || !runner || ![jobId, runId, registrationId, createdAt].every(Number.isFinite)) {
    return undefined;
  }
  const size = readSize(tags.size);
  return {
    id,
    name,
    createdAt,
    pool,
    repository,
    jobId,
    runId,
    busy: tags.state === "busy",
    runnerName: runner,
    registrationId,
    resourceLabel: tags.resources ?? "",
    isIsolated: tags.isolated === "true",
    ...(size ? { size } : {}),
    ...(tags.state === withdrawn ? { isWithdrawn: true } : {}),
  };
}
