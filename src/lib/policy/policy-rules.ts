// Policies that cannot be, though each of their parts could: pools that clash with each other or with the rest.
import type { Finding } from "./pool-rules.ts";
import { withoutPrice } from "./prices.ts";
import type { WrittenPolicy } from "./schema.ts";

/** Every contradiction between parts of a policy. */
export function policyFaults(policy: WrittenPolicy): Finding[] {
  const { github, limits, pools } = policy;
  const faults: Finding[] = [];
  for (const [index, pool] of pools.entries()) {
    const earlier = pools.findIndex((other) => other.name === pool.name);
    if (earlier < index) {
      const message = `pool ${earlier + 1} has the name ${pool.name} already`;
      faults.push({ path: ["pools", index, "name"], message });
    }
    if (pool.minIdle > 0 && github.scope === "repository") {
      const message = "a runner that waits is of no repository yet; take it out, or write scope: organization";
      faults.push({ path: ["pools", index, "min-idle"], message });
    }
  }
  const idle = pools.reduce((sum, pool) => sum + pool.minIdle, 0);
  if (idle > limits.maxRunners) {
    const message = `the pools keep ${idle} runners waiting (min-idle); write that or more`;
    faults.push({ path: ["limits", "max-runners"], message });
  }
  if (limits.dailyBudgetDollars === undefined) return faults;
  const [unpriced] = withoutPrice(policy, pools.flatMap(gpusOf));
  if (unpriced !== undefined) {
    const message = `nobody told the price of ${unpriced}; write prices: { ${unpriced}: <dollars per second> }`;
    faults.push({ path: ["limits", "daily-budget-dollars"], message });
  }
  return faults;
}

/** Every GPU, by name, that runners of a pool may have. */
export function gpusOf(pool: WrittenPolicy["pools"][number]): string[] {
  const own = pool.gpu?.split(":")[0];
  return [...new Set([...(own === undefined ? [] : [own]), ...(pool.resources?.gpus ?? [])])];
}
