// How much of each limit that counts for a job is used.
import { usedLimits } from "../../fleet/decide-provide.ts";
import type { FleetSandbox } from "../../fleet/snapshot.ts";
import type { Policy } from "../../policy/schema.ts";
import type { LimitUse } from "./explanation.ts";

/**
 * Fleet, pool, repository, and today's budget, as far as the policy sets them.
 * @param alive every living Sandbox of the fleet
 * @param spentToday dollars, by estimate; undefined where that is not known
 */
export function limitsFor(
  wanted: { pool: string; repository: string },
  policy: Policy,
  alive: readonly FleetSandbox[],
  spentToday: number | undefined,
): LimitUse[] {
  const limits = usedLimits(wanted, policy, alive).map(
    ({ what, used, most }): LimitUse => ({ what, used, most, unit: "Sandboxes" }),
  );
  const { dailyBudgetDollars } = policy.limits;
  if (dailyBudgetDollars !== undefined && spentToday !== undefined) {
    limits.push({ what: "today's budget", used: spentToday, most: dailyBudgetDollars, unit: "dollars" });
  }
  return limits;
}
