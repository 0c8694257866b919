// Which lines of the policy file led to a decision.
import type { ReasonCode } from "../../fleet/reasons.ts";
import { baseLabels } from "../../policy/mismatch.ts";
import { type PolicyLine, quotePolicy, type Said } from "../../policy/quote.ts";
import type { Policy } from "../../policy/schema.ts";
import { writeDuration } from "../../policy/units.ts";

interface Behind {
  policy: Policy;
  /** Labels of the job; undefined where they are not known. */
  labels: readonly string[] | undefined;
  /** Name of the pool that the decision is about. */
  pool: string | undefined;
}

type Behinds = (about: Behind) => Said[];

/** Pools that are quoted where none serves the job. */
const mostPools = 4;

const none: Behinds = () => [];

const ofPool =
  (key: string, otherwise?: (pool: Policy["pools"][number]) => string): Behinds =>
  ({ policy, pool }) => {
    const index = policy.pools.findIndex(({ name }) => name === pool);
    const found = policy.pools[index];
    if (!found) return [];
    return [
      { path: ["pools", index, key], ...(otherwise && { otherwise: `${key}: ${otherwise(found)}, the default` }) },
    ];
  };

const labels = ofPool("labels");
const both =
  (...parts: Behinds[]): Behinds =>
  (about) =>
    parts.flatMap((part) => part(about));

const limit =
  (key: string, otherwise?: (policy: Policy) => string): Behinds =>
  ({ policy }) => [
    { path: ["limits", key], ...(otherwise && { otherwise: `${key}: ${otherwise(policy)}, the default` }) },
  ];

/** Labels of the pools that come nearest to what the job asks for. */
const nearestLabels: Behinds = ({ policy, labels: asked = [] }) => {
  const wanted = asked.map(headOf).filter((label) => !baseLabels.includes(label));
  const shared = policy.pools.map((pool, index) => {
    const offered = pool.labels.map((label) => label.toLowerCase());
    return { index, count: wanted.filter((label) => offered.includes(label)).length };
  });
  const near = shared.filter(({ count }) => count > 0);
  const chosen = (near.length > 0 ? near : shared).sort((a, b) => b.count - a.count).slice(0, mostPools);
  return chosen.map(({ index }) => ({ path: ["pools", index, "labels"] }));
};

/** Ceilings of the pools that have the first part of the job's resource label. */
const ceilings: Behinds = ({ policy, labels: asked = [] }) => {
  const heads = asked.map(headOf);
  return policy.pools.flatMap((pool, index): Said[] => {
    if (!pool.labels.some((label) => heads.includes(label.toLowerCase()))) return [];
    const path = ["pools", index, "resources"] as const;
    const keys = ["max-cpu", "max-memory", "gpus", "max-gpu-count", "max-timeout"];
    return [
      { path: ["pools", index, "labels"] },
      { path, otherwise: `pool ${pool.name} has no resources block` },
      ...keys.map((key) => ({ path: [...path, key] })),
    ];
  });
};

const repositories: Behinds = ({ policy }) => [
  {
    path: ["access", "repositories"],
    otherwise: `repositories: [${policy.access.repositories.join(", ")}], the default`,
  },
  { path: ["github", "owner"] },
];

/** Every code, so that a new one cannot be forgotten. */
const behind: Record<ReasonCode, Behinds> = {
  spawn: labels,
  warm: ofPool("min-idle", () => "0"),
  "assign:picked-up": labels,
  "assign:swapped": labels,
  "assign:spare": labels,
  "assign:unseen-job": repositories,
  "finish:job-completed": none,
  "terminate:job-cancelled": none,
  "terminate:surplus": none,
  "terminate:orphan": none,
  "terminate:never-registered": none,
  "terminate:idle": ofPool("idle-timeout", ({ idleTimeoutSeconds }) => writeDuration(idleTimeoutSeconds)),
  "deregister:no-sandbox": none,
  "ignore:no-pool-matches": nearestLabels,
  "ignore:repository-not-allowed": repositories,
  "refuse:bad-resource-label": nearestLabels,
  "refuse:resources-not-allowed": ceilings,
  "refuse:fork-pull-request": () => [
    { path: ["access", "fork-pull-requests"], otherwise: "fork-pull-requests: deny, the default" },
  ],
  "ignore:already-provisioned": labels,
  "ignore:not-queued": none,
  "ignore:foreign-runner": labels,
  "ignore:nothing-to-do": labels,
  "defer:fleet-at-capacity": both(
    labels,
    limit("max-runners", ({ limits }) => String(limits.maxRunners)),
  ),
  "defer:pool-at-capacity": both(
    labels,
    ofPool("max-runners", ({ maxRunners }) => String(maxRunners)),
  ),
  "defer:repository-at-capacity": both(labels, limit("max-runners-per-repository")),
  "defer:daily-budget-spent": both(labels, limit("daily-budget-dollars")),
  "defer:start-failed": labels,
  "defer:rate-limited": labels,
  "defer:github-unavailable": labels,
  "defer:modal-unavailable": both(labels, ofPool("image"), ({ policy }) => [
    { path: ["image"], otherwise: `image: ${policy.image}, the default` },
  ]),
  "defer:answer-due": labels,
  error: labels,
  "keep:busy": none,
};

/** @param text the policy file */
export function policyBehind(reason: ReasonCode, about: Behind, text: string): PolicyLine[] {
  return quotePolicy(text, behind[reason](about));
}

function headOf(label: string): string {
  return (label.split("/")[0] ?? "").toLowerCase();
}
