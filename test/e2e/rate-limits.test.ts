// GitHub's documented secondary limits, switched on at the emulator, against a burst of jobs, in virtual time.
import { describe, expect, it } from "vitest";
import { Unavailable } from "../../src/lib/fleet/ports.ts";
import { fleetOf, mintRequest, type World, worldWith } from "../lib/github/support.ts";

const documented = {
  secondary: { pointsPerMinute: 900, concurrent: 100 },
  registrationsPer5Minutes: 1_500,
};
/** What 900 points a minute come to at five for each registration. */
const mostPerMinute = 180;

/** Has runners minted as the schedule does: all that wait at once, again when the first of them may. Times of the answers. */
async function mintAll(world: World, count: number): Promise<{ mintedAt: number[]; looks: number }> {
  const fleet = await fleetOf(world);
  const mintedAt: number[] = [];
  let looks = 0;
  let waiting = Array.from({ length: count }, (_, index) => `runner-${index}`);
  while (waiting.length > 0) {
    looks++;
    const again: number[] = [];
    const outcomes = waiting.map(async (name) => {
      try {
        const { jitConfig } = await fleet.mintRunner(mintRequest(name));
        expect(jitConfig).not.toBe("");
        mintedAt.push(world.time.ms);
        return [];
      } catch (error) {
        if (!(error instanceof Unavailable) || !error.isRateLimit) throw error;
        again.push(error.retryAfterSeconds ?? 60);
        return [name];
      }
    });
    waiting = (await Promise.all(outcomes)).flat();
    if (waiting.length > 0) world.time.pass(Math.min(...again));
  }
  return { mintedAt, looks };
}

describe("a burst of jobs under GitHub's documented limits", () => {
  it.each([300, 700])("has all %i runners registered, at the pace GitHub allows, and none refused", async (count) => {
    const world = await worldWith({ rateLimits: documented });
    const began = world.time.ms;
    const { mintedAt, looks } = await mintAll(world, count);

    expect(mintedAt).toHaveLength(count);
    expect(world.emulator.state().runners).toHaveLength(count);
    expect(world.requests.filter(({ status }) => status >= 400)).toEqual([]);
    // In whole minutes, until the one in which the rest is done.
    const minutes = Math.floor((mintedAt.at(-1)! - began) / 60_000);
    const inFullMinutes = mintedAt.filter((at) => at < began + minutes * 60_000).length;
    expect(minutes).toBe(Math.ceil(count / mostPerMinute / 0.95) - 1);
    expect(inFullMinutes / minutes).toBeGreaterThanOrEqual(0.9 * mostPerMinute);
    expect(inFullMinutes / minutes).toBeLessThanOrEqual(mostPerMinute);
    // Nobody asks again and again.
    expect(looks).toBe(minutes + 1);
  });
});
