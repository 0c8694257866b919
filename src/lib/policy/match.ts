// Which pool serves a job, by its labels, and which repositories may use the fleet.
import type { Policy, Pool } from "./schema.ts";

/** Labels that say nothing about a pool: every runner of ours carries them. GitHub compares labels without case. */
const base = ["self-hosted", "linux", "x64"];

/** The labels that a runner of this pool registers with, for this job. */
export function runnerLabels(pool: Pool): string[] {
  return [...new Set([...base, ...pool.labels.map((label) => label.toLowerCase())])];
}

/**
 * The pool that serves a job with these labels: it has all of them. Of several such pools one without a GPU goes first,
 * so that a plain job never costs a GPU; then the earlier in the file. Undefined when no pool has them, or when the job
 * asks for nothing but a self-hosted runner: that could mean anybody's.
 */
export function matchPool(policy: Policy, labels: readonly string[]): Pool | undefined {
  const asked = labels.map((label) => label.toLowerCase()).filter((label) => !base.includes(label));
  if (asked.length === 0) return undefined;
  const able = policy.pools.filter((pool) => {
    const offered = runnerLabels(pool);
    return asked.every((label) => offered.includes(label));
  });
  return able.find((pool) => pool.gpu === undefined) ?? able[0];
}

/** Whether the policy lets jobs of `owner/name` use the fleet; `*` in a pattern stands for any run of characters but `/`. */
export function allowsRepository(policy: Policy, repository: string): boolean {
  return policy.access.repositories.some((pattern) => {
    const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
    return new RegExp(`^${expression}$`, "i").test(repository);
  });
}
