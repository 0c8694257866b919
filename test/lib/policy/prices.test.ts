import { describe, expect, it } from "vitest";
import { estimateDollars, pricesDate } from "../../../src/lib/policy/prices.ts";

const hour = 3600;
const none = { prices: {} };
const of = (gpu?: string, cpu = 0, memoryMiB = 0) => ({ cpu, memoryMiB, gpu, timeoutSeconds: 0 });

describe("estimateDollars", () => {
  it.each([
    ["a core", none, of(undefined, 1), 0.00003942],
    ["a GiB", none, of(undefined, 0, 1024), 0.00000672],
    ["a GPU", none, of("H100"), 0.001097],
    ["two GPUs", none, of("A100-80GB:2"), 0.001388],
    ["all of it", none, of("T4", 2, 4096), 0.00007884 + 0.00002688 + 0.000164],
    ["prices of the policy", { prices: { H100: 1, cpu: 2, memory: 3 } }, of("H100:2", 1, 1024), 7],
    ["a GPU without a price, as the dearest", none, of("B300"), 0.001736],
    ["such a GPU with a price of the policy", { prices: { B300: 0.003 } }, of("B300"), 0.003],
  ])("counts %s", (_, policy, resources, perSecond) => {
    expect(estimateDollars(policy, resources, hour)).toBeCloseTo(perSecond * hour, 9);
  });

  it("counts no time backwards", () => {
    expect(estimateDollars(none, of("H100"), -1)).toBe(0);
  });

  it("says of when its prices are", () => {
    expect(pricesDate).toMatch(/^\d{4}-\d{2}$/);
  });
});
