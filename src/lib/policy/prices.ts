// What a Sandbox costs, roughly. Modal publishes prices on a page, not in an API, so this table has a date, and the
// operator's policy may correct it. Whatever is made of it is an estimate, and has to say so.
import { findGpu, type GpuName, gpuNames, parseGpu } from "./gpu.ts";
import type { Resources } from "./resource-label.ts";
import type { Policy } from "./schema.ts";

/** The month of the prices below. */
export const pricesDate = "2026-06";

/** Keys of the policy's `prices`. */
export const priceNames: readonly string[] = ["cpu", "memory", ...gpuNames];

/**
 * Dollars per second, as Modal lists them (https://modal.com/pricing) for Sandboxes: per physical core, per GiB, per GPU.
 * Base rates: a chosen region multiplies them by 1.5 to 1.75.
 */
const listed: Readonly<Partial<Record<GpuName | "cpu" | "memory", number>>> = {
  cpu: 0.00003942,
  memory: 0.00000672,
  T4: 0.000164,
  L4: 0.000222,
  A10: 0.000306,
  L40S: 0.000542,
  // Without a size it is the one with 40 GB.
  A100: 0.000583,
  "A100-40GB": 0.000583,
  "A100-80GB": 0.000694,
  H100: 0.001097,
  "H100!": 0.001097,
  H200: 0.001261,
  B200: 0.001736,
};

/** What a GPU counts for whose price nobody knows: more than it may be, rather than nothing. */
const dearest = Math.max(...Object.values(listed));

/** The policy's spelling of a key of `prices`, whatever the case; undefined for what has no price. */
export function findPrice(text: string): string | undefined {
  return priceNames.find((name) => name.toLowerCase() === text.toLowerCase());
}

/**
 * Dollars that a Sandbox with these resources costs in so many seconds, at the least: Modal charges for what is used above
 * that, too. A GPU without a price counts as the dearest one; checkPolicy warns of it.
 */
export function estimateDollars(
  policy: Pick<Policy, "prices">,
  resources: Omit<Resources, "timeoutSeconds">,
  seconds: number,
): number {
  const price = (name: string) => policy.prices[name] ?? listed[name as GpuName] ?? dearest;
  const gpu = resources.gpu === undefined ? undefined : parseGpu(resources.gpu);
  const gpuPrice = gpu === undefined || typeof gpu === "string" ? 0 : gpu.count * price(gpu.name);
  const perSecond = resources.cpu * price("cpu") + (resources.memoryMiB / 1024) * price("memory") + gpuPrice;
  return perSecond * Math.max(0, seconds);
}

/** GPUs of these that neither the table nor the policy has a price for. */
export function withoutPrice(policy: Pick<Policy, "prices">, gpus: readonly string[]): string[] {
  return gpus.filter((gpu) => {
    const name = findGpu(gpu.split(":")[0] ?? "");
    return name !== undefined && policy.prices[name] === undefined && listed[name] === undefined;
  });
}
