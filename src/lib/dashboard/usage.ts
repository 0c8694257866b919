// What the fleet used over the last day, by every name there is, and how it was spread over the hours. One list call at
// Modal for all of it.
import type { Modal } from "../fleet/ports.ts";
import { type Life, readLives, spellsWithin, sum, sumBy, type UsageRow, usageName } from "../operations/usage.ts";
import type { Policy } from "../policy/schema.ts";
import type { DashboardUsage, UsageSpan } from "./source.ts";

const dayMs = 24 * 3_600_000;
/** Half an hour each. */
const spans = 48;
const spanMs = dayMs / spans;

/** @param now milliseconds since the epoch */
export async function readDashboardUsage(
  { modal, policy }: { modal: Pick<Modal, "sandboxes" | "ended">; policy: Policy },
  now: number,
): Promise<DashboardUsage> {
  const lives = await readLives(modal, now - dayMs, now);
  const day = spellsWithin(lives, now - dayMs, now);
  const by = (key: "repo" | "pool" | "job"): UsageRow[] => sumBy(day, (sandbox) => usageName(sandbox, key), policy);
  const midnight = new Date(now).setUTCHours(0, 0, 0, 0);
  return {
    rows: { repo: by("repo"), pool: by("pool"), job: by("job") },
    dollarsToday: sum(null, spellsWithin(lives, midnight, now), policy).dollars,
    dailyBudget: policy.limits.dailyBudgetDollars ?? null,
    series: usageSeries(lives, policy, now),
  };
}

/** The last day in spans of half an hour, the oldest first; they begin on the half hour, so that bars stand still. */
export function usageSeries(lives: readonly Life[], policy: Policy, now: number): UsageSpan[] {
  const last = Math.floor(now / spanMs) * spanMs;
  return Array.from({ length: spans }, (_, index) => {
    const from = last - (spans - 1 - index) * spanMs;
    const until = Math.min(from + spanMs, now);
    const spells = spellsWithin(lives, from, until);
    const seconds = spells.reduce((total, spell) => total + spell.seconds, 0);
    return {
      from,
      dollars: sum(null, spells, policy).dollars,
      runners: until > from ? seconds / ((until - from) / 1000) : 0,
    };
  });
}
