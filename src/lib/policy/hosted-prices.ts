// What GitHub asks for the same work on runners of its own, for comparison: Linux x64, by the minute, each job's minutes
// rounded up. Source: docs.github.com/billing/reference/actions-runner-pricing.
import { parseGpu } from "./gpu.ts";
import type { Resources } from "./resource-label.ts";

/** Since when the prices below hold. */
export const hostedPricesDate = "2026-01";

/** Dollars per minute by virtual CPUs, the smallest first. */
const byCpus: readonly (readonly [cpus: number, dollars: number])[] = [
  [2, 0.006],
  [4, 0.012],
  [8, 0.022],
  [16, 0.042],
  [32, 0.082],
  [64, 0.162],
  [96, 0.252],
];
type Size = Omit<Resources, "timeoutSeconds">;

/** The only GPU that GitHub has: one T4 beside four virtual CPUs. */
const t4 = { cpus: 4, dollars: 0.052 };
/** Modal counts physical cores, of which each has two of GitHub's virtual CPUs (https://modal.com/docs/guide/resources). */
const cpusPerCore = 2;

/** Dollars of the smallest GitHub-hosted runner that has as much; undefined where GitHub has none. */
export function estimateHostedDollars(resources: Size, seconds: number): number | undefined {
  const rate = ratePerMinute(resources);
  return rate === undefined ? undefined : rate * Math.ceil(seconds / 60);
}

function ratePerMinute({ cpu, gpu: asked }: Size): number | undefined {
  const cpus = cpu * cpusPerCore;
  if (asked === undefined) return byCpus.find(([has]) => has >= cpus)?.[1];
  const gpu = parseGpu(asked);
  const fits = typeof gpu !== "string" && gpu.name === "T4" && gpu.count === 1 && cpus <= t4.cpus;
  return fits ? t4.dollars : undefined;
}
