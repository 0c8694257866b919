import { describe, expect, it } from "vitest";
import { Allowance } from "../../../src/ui/dashboard/allowance.ts";

const hourMs = 3_600_000;

function allowance() {
  const at = { used: 0, now: 0 };
  return Object.assign(at, {
    of: new Allowance(
      () => at.used,
      () => at.now,
    ),
  });
}

describe("what a dashboard may use of GitHub's calls", () => {
  it("is a burst at first, and then a share of the hour", () => {
    const bucket = allowance();
    bucket.used = 300;
    expect(bucket.of.waitMs(5000)).toBe(0);
    bucket.used = 310;
    // 1500 calls an hour: one in 2.4 seconds.
    expect(bucket.of.waitMs(5000)).toBe(24_000);
    bucket.now = 24_000;
    expect(bucket.of.waitMs(5000)).toBe(0);
  });

  it("is under a third of the limit and the burst in any hour, after hours in which nothing was used", () => {
    const bucket = allowance();
    bucket.now = 5 * hourMs;
    expect(bucket.of.waitMs(5000)).toBe(0);
    const before = bucket.used;
    const end = bucket.now + hourMs;
    while (bucket.now < end) {
      bucket.used += 7;
      bucket.now += Math.max(1000, bucket.of.waitMs(5000));
    }
    expect(bucket.used - before).toBeLessThanOrEqual(5000 * 0.36 + 7);
    expect(bucket.used - before).toBeGreaterThan(5000 * 0.33);
  });

  it("is everything where GitHub does not count", () => {
    const bucket = allowance();
    bucket.used = 100_000;
    expect(bucket.of.waitMs(undefined)).toBe(0);
  });
});
