// Which pool serves a job, by its labels, and which repositories may use the fleet.
import type { Policy, Pool } from "./schema.ts";

/** Labels that say nothing about a pool: every runner of ours carries them. GitHub compares labels without case. */
const base = ["self-hosted", "linux", "x64"];

/** The labels that a runner of this pool registers with, for this job. */
export function runnerLabels(pool: Pool): string[] {
  return [...new Set([...base, ...pool.labels.map((label) => label.toLowerCase())])];
}

/**
 * The pool that serves a job with these labels: it has all of them, and of several such pools the one with the fewest
 * labels besides, so that a plain job never lands on a GPU; the earlier in the file wins a tie. Undefined when no pool
 * has them, or when the job asks for nothing but a self-hosted runner: that could mean anybody's.
 */
export function matchPool(policy: Policy, labels: readonly string[]): Pool | undefined {
  const asked = labels.map((label) => label.toLowerCase()).filter((label) => !base.includes(label));
  if (asked.length === 0) return undefined;
  let best: Pool | undefined;
  for (const pool of policy.pools) {
    const offered = new Set(runnerLabels(pool));
    if (!asked.every((label) => offered.has(label))) continue;
    if (best === undefined || offered.size < runnerLabels(best).length) best = pool;
  }
  return best;
}

/** Whether the policy lets jobs of `owner/name` use the fleet; `*` in a pattern stands for any run of characters but `/`. */
export function allowsRepository(policy: Policy, repository: string): boolean {
  return policy.access.repositories.some((pattern) => {
    const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
    return new RegExp(`^${expression}$`, "i").test(repository);
  });
}
