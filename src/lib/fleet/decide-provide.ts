// Whether a queued job gets a runner, and if not, why not. Pure, like decide.ts.
import { allowsRepository, resolveJob, runnerLabels } from "../policy/match.ts";
import type { Policy, Pool } from "../policy/schema.ts";
import type { Decision, Nothing, Spawn } from "./decision.ts";
import type { Ledger } from "./ledger.ts";
import { parseSandboxName, parseWarmSandboxName } from "./names.ts";
import { type ReasonCode, reasons } from "./reasons.ts";
import type { EndedSandbox, FleetSandbox, Job, Snapshot } from "./snapshot.ts";

/** A failed start is tried again after half a minute, then twice as long each time, at most a quarter of an hour. */
const firstRetryMs = 30_000;
const longestRetryMs = 15 * 60_000;
/** A runner that is kept ready and ends sooner than this did not work. */
const aWhileMs = 60_000;

/** A decision about one queued job, with Sandboxes that nobody needs any more at hand. */
export interface Provision {
  policy: Policy;
  ledger: Ledger;
  snapshot: Snapshot;
  /** Idle Sandboxes that no job needs; one that is given away is taken out. */
  spare: FleetSandbox[];
}

/** Why the fleet will never serve this job, as far as that shows without looking at anything else. */
export function refusal(job: Job, policy: Policy): Nothing | undefined {
  if (!allowsRepository(policy, job.repository)) {
    const allowed = policy.access.repositories.join(", ");
    return nothing("ignore:repository-not-allowed", job, `${job.repository} is not among: ${allowed}`);
  }
  const match = resolveJob(policy, job.labels);
  return match.kind === "none" ? nothing(match.reason, job, match.detail) : undefined;
}

/** The one thing to be said of a queued job. */
export function provide(job: Job, { policy, ledger, snapshot, spare }: Provision): Decision {
  const match = resolveJob(policy, job.labels);
  const refused = refusal(job, policy);
  if (refused || match.kind === "none") return refused ?? nothing("ignore:no-pool-matches", job);
  const { pool, resources, labels } = match;
  if (job.isForkPullRequest === undefined) {
    return nothing("defer:github-unavailable", job, "GitHub could not be asked whose code the job runs");
  }
  if (job.isForkPullRequest && policy.access.forkPullRequests === "deny") {
    return nothing("refuse:fork-pull-request", job);
  }
  const isIsolated = job.isForkPullRequest === true;
  const own = ledger.forJob(job.id).find((sandbox) => ledger.isWaiting(sandbox));
  if (own || ledger.isStarting(job.id)) {
    const where = own ? `Sandbox ${own.id} waits for it` : "its Sandbox is being created";
    return nothing("ignore:already-provisioned", job, where);
  }
  // A runner is busy a moment before GitHub shows its job as in progress, and the lists are not of the same moment: only
  // when the job still waits at the next look was its runner taken by another.
  const taken = ledger.robbedOf(job.id);
  if (taken) return nothing("ignore:already-provisioned", job, `${taken}, made for it, has just become busy`);
  const resourceLabel = labels.find((label) => !runnerLabels(pool).includes(label)) ?? "";
  const isInScope = ({ repository }: FleetSandbox) =>
    policy.github.scope === "organization" || repository === job.repository;
  const free = take(
    spare,
    (other) => isAlike(other, { pool: pool.name, resourceLabel, isIsolated }) && isInScope(other),
  );
  if (free) return assign(free, job, false, "assign:spare", ledger);
  const deferral = deferred(job, pool, { policy, ledger, snapshot });
  if (deferral) return deferral;
  const attempt = ledger.nextAttempt(job.id);
  ledger.reserve({ jobId: job.id, attempt, pool: pool.name, repository: job.repository });
  const detail = `job ${job.id} of ${job.repository} gets a runner of pool ${pool.name}`;
  const spawn: Spawn = {
    action: "spawn",
    reason: "spawn",
    detail,
    job,
    pool: pool.name,
    attempt,
    resources,
    labels,
    resourceLabel,
    isIsolated,
    room: roomFor({ pool: pool.name, repository: job.repository }, policy, ledger),
  };
  return spawn;
}

/** Why the job has to wait, if it does. */
function deferred(job: Job, pool: Pool, { policy, ledger, snapshot }: Omit<Provision, "spare">): Nothing | undefined {
  const failure = failedStarts({ jobId: job.id, pool: pool.name }, snapshot);
  if (failure) return nothing("defer:start-failed", job, failure);
  const full = fullest({ pool: pool.name, repository: job.repository }, policy, ledger);
  if (full) return nothing(full.reason, job, full.detail);
  const spent = spentBudget(policy, snapshot);
  return spent === undefined ? undefined : nothing("defer:daily-budget-spent", job, spent);
}

/** That today's budget is spent, if it is. */
function spentBudget(policy: Policy, { spentToday = 0 }: Snapshot): string | undefined {
  const { dailyBudgetDollars } = policy.limits;
  if (dailyBudgetDollars === undefined || spentToday < dailyBudgetDollars) return undefined;
  return `about $${spentToday.toFixed(2)} of today's $${dailyBudgetDollars} are spent`;
}

/** A limit of the policy, and how many Sandboxes count against it. */
interface Limit {
  reason: "defer:fleet-at-capacity" | "defer:pool-at-capacity" | "defer:repository-at-capacity";
  count: number;
  most: number;
  what: string;
}

/** Every limit that a Sandbox of this pool for this repository counts against. */
function limitsOn({ pool, repository }: Wanted, policy: Policy, count: Ledger["count"]): Limit[] {
  const { maxRunners, maxRunnersPerRepository } = policy.limits;
  const inPool = policy.pools.find((entry) => entry.name === pool)?.maxRunners ?? 0;
  const limits: Limit[] = [
    { reason: "defer:fleet-at-capacity", count: count(), most: maxRunners, what: "the fleet" },
    {
      reason: "defer:pool-at-capacity",
      count: count((entry) => entry.pool === pool),
      most: inPool,
      what: `pool ${pool}`,
    },
  ];
  if (maxRunnersPerRepository !== undefined && repository !== undefined) {
    const ofRepository = count((entry) => entry.jobId !== 0 && entry.repository === repository);
    const reason = "defer:repository-at-capacity";
    limits.push({ reason, count: ofRepository, most: maxRunnersPerRepository, what: repository });
  }
  return limits;
}

/** A Sandbox that is to be, or was just, started; without a repository when it is of no job. */
interface Wanted {
  pool: string;
  repository: string | undefined;
}

/**
 * Every limit on Sandboxes of a pool for a repository, with how many count against it now.
 * @param alive every living Sandbox of the fleet
 */
export function usedLimits(
  wanted: Wanted,
  policy: Policy,
  alive: readonly FleetSandbox[],
): { reason: Limit["reason"]; what: string; used: number; most: number }[] {
  const limits = limitsOn(wanted, policy, (matches = () => true) => alive.filter(matches).length);
  return limits.map(({ reason, what, count, most }) => ({ reason, what, used: count, most }));
}

/** The limit that does not allow one more Sandbox, if there is one. */
function fullest(wanted: Wanted, policy: Policy, ledger: Ledger): { reason: ReasonCode; detail: string } | undefined {
  const full = limitsOn(wanted, policy, (matches) => ledger.count(matches)).find(({ count, most }) => count >= most);
  return full && { reason: full.reason, detail: `${full.count} of ${full.most} Sandboxes of ${full.what} are alive` };
}

/** How many more Sandboxes like this one the tightest limit allows. */
function roomFor(wanted: Wanted, policy: Policy, ledger: Ledger): number {
  const limits = limitsOn(wanted, policy, (matches) => ledger.count(matches));
  return Math.min(...limits.map(({ count, most }) => most - count));
}

/**
 * The limit that a Sandbox which was just started exceeds, if any: two controllers that each saw the last free place
 * have both taken it.
 * @param alive every living Sandbox of the fleet, that one included
 */
export function exceededLimit(
  wanted: Wanted,
  policy: Policy,
  alive: readonly FleetSandbox[],
): { reason: ReasonCode; detail: string } | undefined {
  const limits = limitsOn(wanted, policy, (matches = () => true) => alive.filter(matches).length);
  const exceeded = limits.find(({ count, most }) => count > most);
  return exceeded && { reason: exceeded.reason, detail: `${exceeded.what} has ${exceeded.count} of ${exceeded.most}` };
}

/**
 * Why to wait before the next try, if that would be too early: Sandboxes that ended without ever having got a job, and
 * starts that failed before there was a Sandbox.
 * @param of a job, or with 0 the runners that a pool keeps ready
 */
function failedStarts(of: { jobId: number; pool: string }, { ended = [], failed, now }: Snapshot): string | undefined {
  const isOf = ({ name }: EndedSandbox) =>
    of.jobId === 0 ? parseWarmSandboxName(name)?.pool === of.pool : parseSandboxName(name)?.jobId === of.jobId;
  // One that was kept ready and ended after a while has done what it was there for.
  const hasFailed = (entry: EndedSandbox) =>
    !entry.busy && !entry.isWithdrawn && (of.jobId !== 0 || entry.endedAt - entry.createdAt < aWhileMs);
  const short = ended.filter((entry) => isOf(entry) && hasFailed(entry));
  const unborn = failed.find((entry) => entry.jobId === of.jobId && entry.pool === of.pool);
  const count = short.length + (unborn?.count ?? 0);
  if (count === 0) return undefined;
  const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (count - 1));
  const nextAt = Math.max(...short.map((entry) => entry.endedAt), unborn?.at ?? 0) + waitMs;
  if (now >= nextAt) return undefined;
  return `${count} starts failed; the next is tried in ${Math.ceil((nextAt - now) / 1000)} s`;
}

/** Whether one Sandbox can do what the other was made for: same pool, same labels, same trust. */
export function isAlike(a: Likeness, b: Likeness): boolean {
  return a.pool === b.pool && a.resourceLabel === b.resourceLabel && a.isIsolated === b.isIsolated;
}

type Likeness = Pick<FleetSandbox, "pool" | "resourceLabel" | "isIsolated">;

/**
 * Queued jobs in the order in which they are served: whose repository has the fewest Sandboxes goes first, then the
 * oldest. Where there is room for all, the order changes nothing.
 */
export function inFairOrder(jobs: readonly Job[], ledger: Ledger): Job[] {
  const waiting = new Map<string, Job[]>();
  for (const job of jobs) waiting.set(job.repository, [...(waiting.get(job.repository) ?? []), job]);
  const share = new Map(
    [...waiting.keys()].map((repository) => [repository, ledger.count((entry) => entry.repository === repository)]),
  );
  const ordered: Job[] = [];
  while (waiting.size > 0) {
    const heads = [...waiting].map(([repository, [head]]) => ({ repository, head: head as Job }));
    heads.sort(
      (a, b) =>
        (share.get(a.repository) ?? 0) - (share.get(b.repository) ?? 0) ||
        a.head.createdAt - b.head.createdAt ||
        a.head.id - b.head.id,
    );
    const [{ repository, head }] = heads as [(typeof heads)[number]];
    ordered.push(head);
    share.set(repository, (share.get(repository) ?? 0) + 1);
    const rest = waiting.get(repository)?.slice(1) ?? [];
    if (rest.length > 0) waiting.set(repository, rest);
    else waiting.delete(repository);
  }
  return ordered;
}

/** Tops up the runners that pools keep ready. */
export function keepWarm({ policy, ledger, snapshot }: Omit<Provision, "spare">): Decision[] {
  const decisions: Decision[] = [];
  if (spentBudget(policy, snapshot) !== undefined) return decisions;
  for (const pool of policy.pools) {
    if (failedStarts({ jobId: 0, pool: pool.name }, snapshot) !== undefined) continue;
    for (let ready = ledger.countReady(pool.name); ready < pool.minIdle; ready++) {
      const wanted = { pool: pool.name, repository: undefined };
      if (fullest(wanted, policy, ledger)) break;
      const slot = ledger.nextWarmSlot(pool.name);
      ledger.reserve({ jobId: 0, attempt: slot, pool: pool.name, repository: "" });
      const detail = `pool ${pool.name} keeps ${pool.minIdle} runners ready, and has ${ready}`;
      const room = roomFor(wanted, policy, ledger);
      decisions.push({ action: "warm", reason: "warm", detail, pool: pool.name, slot, room });
    }
  }
  return decisions;
}

/** Assigns in the ledger and says so. */
export function assign(
  sandbox: FleetSandbox,
  job: Pick<Job, "id" | "runId" | "repository">,
  busy: boolean,
  reason: ReasonCode,
  ledger: Ledger,
): Decision {
  const before = { ...sandbox };
  ledger.assign(sandbox, job, busy);
  const what = job.id === 0 ? "is busy" : `serves job ${job.id}`;
  const detail = `${sandbox.runnerName} ${what}: ${reasons[reason]}`;
  return { action: "assign", reason, detail, sandbox: before, job, busy };
}

/** Nothing is done for the job, for this reason. */
export function nothing(reason: ReasonCode, job: Job, detail: string = reasons[reason]): Nothing {
  return { action: "none", reason, detail, job };
}

/** Takes the first that fits out of a list. */
export function take<T>(list: T[], fits: (entry: T) => boolean): T | undefined {
  const index = list.findIndex(fits);
  return index < 0 ? undefined : list.splice(index, 1)[0];
}
