// What the fleet used, added up from its Sandboxes, living and ended: minutes, GPU minutes and estimated cost.
import type { Modal } from "../fleet/ports.ts";
import { sizeOf } from "../fleet/size.ts";
import type { FleetSandbox } from "../fleet/snapshot.ts";
import { splitRepository } from "../github/jobs.ts";
import { parseGpu } from "../policy/gpu.ts";
import { estimateHostedDollars, hostedPricesDate } from "../policy/hosted-prices.ts";
import { estimateDollars, pricesDate } from "../policy/prices.ts";
import type { Policy } from "../policy/schema.ts";
import { inBatches } from "./batches.ts";
import type { FleetAccess } from "./fleet-access.ts";

export type UsageKey = "repo" | "pool" | "workflow" | "job";

export const usageKeys: readonly UsageKey[] = ["repo", "pool", "workflow", "job"];

export interface UsageRow {
  /** Repository, pool, workflow or job; null of the sum. */
  name: string | null;
  runners: number;
  minutes: number;
  gpuMinutes: number;
  /** By estimate, from Modal's list prices or the policy's. */
  dollars: number;
  /** By estimate, on the smallest GitHub-hosted runners that have as much; null where GitHub has none for some of it. */
  hostedDollars: number | null;
}

export interface Usage {
  /** ISO 8601. */
  since: string;
  until: string;
  by: UsageKey;
  /** Months of the two price lists. */
  pricesDate: string;
  hostedPricesDate: string;
  rows: UsageRow[];
  /** Pools whose Sandboxes are counted without their cost: neither their tags nor the policy say what they had. */
  withoutPrice: string[];
  total: UsageRow;
}

/** A Sandbox lives a day at most: one that was created before that has ended before. */
const longestLifeMs = 24 * 3600_000;
/** Runs whose workflow is asked of GitHub, a call each; of the rest it is not known. */
const mostRuns = 300;

/** One Sandbox's part of a span of time. */
export interface Spell {
  sandbox: FleetSandbox;
  seconds: number;
}

/** One Sandbox's life, as far as it is over; milliseconds since the epoch. */
export interface Life {
  sandbox: FleetSandbox;
  from: number;
  until: number;
}

/**
 * Adds up what was used from `since` until now, both in milliseconds since the epoch, the dearest first. Modal tells of
 * ended Sandboxes as long as it keeps them.
 */
export async function readUsage(
  fleet: Pick<FleetAccess, "modal" | "policy" | "octokit">,
  { since, by, now }: { since: number; by: UsageKey; now: number },
): Promise<Usage> {
  const spells = spellsWithin(await readLives(fleet.modal, since, now), since, now);
  const nameOf =
    by === "workflow" ? await workflowNames(spells, fleet) : (sandbox: FleetSandbox) => usageName(sandbox, by);
  const rows = sumBy(spells, nameOf, fleet.policy);
  const times = { since: new Date(since).toISOString(), until: new Date(now).toISOString() };
  const unknown = spells.filter(({ sandbox }) => sizeOf(sandbox, fleet.policy) === undefined);
  const withoutPrice = [...new Set(unknown.map(({ sandbox }) => sandbox.pool))].sort();
  return { ...times, by, pricesDate, hostedPricesDate, rows, withoutPrice, total: sum(null, spells, fleet.policy) };
}

/** Every Sandbox that lived at some time since then, and until when it did; until now if it still does. */
export async function readLives(
  modal: Pick<Modal, "sandboxes" | "ended">,
  since: number,
  now: number,
): Promise<Life[]> {
  const [alive, ended] = await Promise.all([modal.sandboxes(), modal.ended(since - longestLifeMs)]);
  // One that ended between the two calls is in both.
  const gone = new Set(ended.map(({ id }) => id));
  return [
    ...ended.map((sandbox) => ({ sandbox, from: sandbox.createdAt, until: sandbox.endedAt })),
    ...alive.filter(({ id }) => !gone.has(id)).map((sandbox) => ({ sandbox, from: sandbox.createdAt, until: now })),
  ];
}

/** What of these lives falls between two times. */
export function spellsWithin(lives: readonly Life[], since: number, until: number): Spell[] {
  return lives
    .map((life) => ({
      sandbox: life.sandbox,
      seconds: (Math.min(life.until, until) - Math.max(life.from, since)) / 1000,
    }))
    .filter(({ seconds }) => seconds > 0);
}

/** Adds up by a name of each Sandbox, the dearest first. */
export function sumBy(spells: readonly Spell[], nameOf: (sandbox: FleetSandbox) => string, policy: Policy): UsageRow[] {
  const groups = Map.groupBy(spells, ({ sandbox }) => nameOf(sandbox));
  return [...groups].map(([group, of]) => sum(group, of, policy)).sort((a, b) => b.dollars - a.dollars);
}

/** What a Sandbox is counted under. */
export function usageName(sandbox: FleetSandbox, by: Exclude<UsageKey, "workflow">): string {
  if (by === "pool") return sandbox.pool;
  if (sandbox.jobId === 0) return ofNoJob(sandbox);
  return by === "repo" ? sandbox.repository : String(sandbox.jobId);
}

/** What a Sandbox is counted under whose tags name no job. */
function ofNoJob({ busy }: FleetSandbox): string {
  return busy ? "(unseen job)" : "(kept ready)";
}

async function workflowNames(
  spells: readonly Spell[],
  { octokit }: Pick<FleetAccess, "octokit">,
): Promise<(sandbox: FleetSandbox) => string> {
  const runs = new Map(spells.map(({ sandbox }) => [sandbox.runId, sandbox]));
  runs.delete(0);
  const names = new Map<number, string>();
  await inBatches([...runs.values()].slice(0, mostRuns), 10, async ({ runId, repository }) => {
    const asked = octokit.rest.actions.getWorkflowRun({ ...splitRepository(repository), run_id: runId });
    const workflow = await asked.then(
      ({ data }) => data.name ?? data.path,
      (error: { status?: number }) => {
        if (error.status !== 404) throw error;
        return "(deleted)";
      },
    );
    names.set(runId, `${repository} / ${workflow}`);
  });
  return (sandbox) => (sandbox.runId === 0 ? ofNoJob(sandbox) : (names.get(sandbox.runId) ?? "(not looked up)"));
}

/** @param group what the row is called; null for a sum of everything */
export function sum(group: string | null, spells: readonly Spell[], policy: Policy): UsageRow {
  const row: UsageRow = {
    name: group,
    runners: spells.length,
    minutes: 0,
    gpuMinutes: 0,
    dollars: 0,
    hostedDollars: 0,
  };
  for (const { sandbox, seconds } of spells) {
    row.minutes += seconds / 60;
    // Its time is known, what it cost is not.
    const resources = sizeOf(sandbox, policy);
    if (!resources) continue;
    const gpu = resources.gpu === undefined ? undefined : parseGpu(resources.gpu);
    if (gpu !== undefined && typeof gpu !== "string") row.gpuMinutes += (seconds / 60) * gpu.count;
    row.dollars += estimateDollars(policy, resources, seconds);
    const hosted = estimateHostedDollars(resources, seconds);
    row.hostedDollars = row.hostedDollars === null || hosted === undefined ? null : row.hostedDollars + hosted;
  }
  return row;
}
