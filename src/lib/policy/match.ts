// Which pool serves a job, by its labels, with what resources; and which repositories may use the fleet.
import { baseLabels, explainMismatch } from "./mismatch.ts";
import { grant, parseRequest, type Request, type Resources } from "./resource-label.ts";
import type { Policy, Pool } from "./schema.ts";

export type { Resources } from "./resource-label.ts";

export type Resolution =
  | {
      kind: "pool";
      pool: Pool;
      resources: Resources;
      /** What the job's runner registers with: the base labels, the pool's, and the job's own resource label as it is. */
      labels: string[];
    }
  | {
      kind: "none";
      reason: "ignore:no-pool-matches" | "refuse:resources-not-allowed" | "refuse:bad-resource-label";
      detail: string;
    };

/**
 * The pool that serves a job with these labels, and what it gives the job. A pool serves it when it has all of its labels
 * but for one that may carry resources (resource-label.ts), of which the pool has the first part. Of several such pools
 * one without a GPU goes first, so that a plain job never costs a GPU; then the earlier in the file. A job that asks for
 * nothing but a self-hosted runner gets none: that could mean anybody's.
 */
export function resolveJob(policy: Policy, labels: readonly string[]): Resolution {
  const asked = unique(labels).filter((label) => !baseLabels.includes(label.toLowerCase()));
  const demands = asked.filter((label) => isResourceLabel(policy, label));
  const plain = asked.map((label) => (demands.includes(label) ? headOf(label) : label.toLowerCase()));
  const able = plain.length === 0 ? [] : poolsWith(policy, plain);
  if (able.length === 0) {
    return { kind: "none", reason: "ignore:no-pool-matches", detail: explainMismatch(policy, unique(plain)) };
  }
  const bad = (detail: string): Resolution => ({ kind: "none", reason: "refuse:bad-resource-label", detail });
  const [demand] = demands;
  if (demands.length > 1) return bad(`a job can have one label with resources, and this has ${demands.join(" and ")}`);
  const request = demand === undefined ? {} : parseRequest(demand);
  if (typeof request === "string") return bad(`the label ${demand} cannot be read: ${request}`);
  const candidates = withoutNeedlessGpu(able, request);
  for (const pool of candidates) {
    const resources = grant(pool, request);
    if (typeof resources !== "string") {
      return { kind: "pool", pool, resources, labels: [...runnerLabels(pool), ...demands] };
    }
  }
  const open = candidates.filter((pool) => pool.resources !== undefined);
  const refusals = (open.length > 0 ? open : candidates).map((pool) => grant(pool, request));
  return { kind: "none", reason: "refuse:resources-not-allowed", detail: `${demand}: ${refusals.join("; ")}` };
}

/** The labels that every runner of this pool registers with. */
export function runnerLabels(pool: Pool): string[] {
  return [...new Set([...baseLabels, ...pool.labels.map((label) => label.toLowerCase())])];
}

/** The pool that serves a job with these labels as it is. None where the job has a resource label; see resolveJob. */
export function matchPool(policy: Policy, labels: readonly string[]): Pool | undefined {
  const found = resolveJob(policy, labels);
  if (found.kind === "none" || found.labels.length > runnerLabels(found.pool).length) return undefined;
  return found.pool;
}

/** What a runner of the pool has that registered with this resource label, or with none (an empty text). */
export function resourcesOf(pool: Pool, resourceLabel: string): Resources {
  const request = parseRequest(resourceLabel);
  const granted = typeof request === "string" ? request : grant(pool, request);
  const { cpu, memoryMiB, gpu, timeoutSeconds } = pool;
  return typeof granted === "string" ? { cpu, memoryMiB, gpu, timeoutSeconds } : granted;
}

/** Whether the policy lets jobs of `owner/name` use the fleet; `*` in a pattern stands for any run of characters but `/`. */
export function allowsRepository(policy: Policy, repository: string): boolean {
  return policy.access.repositories.some((pattern) => matchesPattern(pattern, repository));
}

/** Whether a name is one that the pattern means, in upper or lower case. */
export function matchesPattern(pattern: string, name: string): boolean {
  const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, "[^/]*");
  return new RegExp(`^${expression}$`, "i").test(name);
}

/** A job that asks for no GPU gets none because of its other wishes, where there is a pool without. */
function withoutNeedlessGpu(able: Pool[], request: Request): Pool[] {
  const plain = able.filter((pool) => pool.gpu === undefined);
  return request.gpu === undefined && plain.length > 0 ? plain : able;
}

/** A label that no pool has as it is, and whose first part is a label of a pool. */
function isResourceLabel(policy: Policy, label: string): boolean {
  return (
    label.includes("/") && poolsWith(policy, [label]).length === 0 && poolsWith(policy, [headOf(label)]).length > 0
  );
}

/** The pools that have all of these labels (in lower case or not), those without a GPU first. */
function poolsWith(policy: Policy, labels: readonly string[]): Pool[] {
  const able = policy.pools.filter((pool) => {
    const offered = pool.labels.map((label) => label.toLowerCase());
    return labels.every((label) => offered.includes(label.toLowerCase()));
  });
  return [...able.filter((pool) => pool.gpu === undefined), ...able.filter((pool) => pool.gpu !== undefined)];
}

function headOf(label: string): string {
  return (label.split("/")[0] ?? "").toLowerCase();
}

/** The first of each label, whatever the case. */
function unique(labels: readonly string[]): string[] {
  return [...new Map([...labels].reverse().map((label) => [label.toLowerCase(), label])).values()].reverse();
}
