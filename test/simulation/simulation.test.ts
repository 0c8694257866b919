import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { type faultNames, readFaults } from "./faults.ts";
import { type GuardName, guardNames } from "./guards.ts";
import { shrink } from "./shrink.ts";
import { type Configuration, simulate } from "./simulation.ts";

const all = readFaults("all");

/** What was violated, in words, or nothing. */
async function violationOf(configuration: Configuration): Promise<string | undefined> {
  const { violation } = await simulate(configuration);
  return violation && `${violation.invariant}: ${violation.message}`;
}

describe("the fleet, simulated", () => {
  it.each([1, 2, 3])("serves all jobs when nothing goes wrong (seed %i)", async (seed) => {
    expect(await violationOf({ seed, jobs: 150, hours: 2, faults: [] })).toBeUndefined();
  });

  it.each([1, 2, 3, 4])("keeps its promises when everything goes wrong at once (seed %i)", async (seed) => {
    expect(await violationOf({ seed, jobs: 150, hours: 2, faults: all })).toBeUndefined();
  });

  it.each(all)("keeps its promises with %s", async (fault) => {
    expect(await violationOf({ seed: 7, jobs: 50, hours: 1, faults: [fault] })).toBeUndefined();
  });
});

describe("the simulation", () => {
  /** Which faults bring out that a guard is missing, and what is violated then. */
  const cases: Record<GuardName, { faults: readonly (typeof faultNames)[number][]; violated: string }> = {
    "name-lock": { faults: ["two-controllers"], violated: "two-sandboxes" },
    "deregister-before-kill": { faults: ["cancelled-before", "stealing", "webhooks-lost"], violated: "running-killed" },
    "capacity-check": { faults: [], violated: "limit" },
    "cancel-clean-up": { faults: ["cancelled-before"], violated: "left-over" },
    reconcile: { faults: ["webhooks-lost"], violated: "served" },
  };

  it.each(guardNames)("finds out when the fleet has no %s", async (without) => {
    const { faults, violated } = cases[without];
    const seeds = [1, 2, 3, 4, 5];
    const found: (string | undefined)[] = [];
    for (const seed of seeds) {
      const { violation } = await simulate({ seed, jobs: 150, hours: 2, faults, without });
      found.push(violation?.invariant);
    }
    expect(found).toContain(violated);
  });

  it("does the same again for the same seed", async () => {
    const run = async () => {
      const { trace, ids, start, summary } = await simulate({ seed: 5, jobs: 60, hours: 1, faults: all }, true);
      return { summary, lines: trace.about(ids, start, Number.POSITIVE_INFINITY) };
    };
    const first = await run();
    expect(first.lines.length).toBeGreaterThan(500);
    expect(await run()).toEqual(first);
  });

  it("makes a failing configuration smaller", async () => {
    const failing: Configuration = { seed: 4, jobs: 40, hours: 0.5, faults: ["outages"], without: "capacity-check" };
    const { violation, ids } = await simulate(failing);
    expect(violation?.invariant).toBe("limit");
    const small = await shrink(failing, ids, "limit");
    expect(small.faults).toEqual([]);
    expect(small.only?.length).toBeLessThan(ids.length);
    expect((await simulate(small)).violation?.invariant).toBe("limit");
  });

  it("as a program prints the trace, the command that replays it, and exits with 1", () => {
    const args = ["--seed", "4", "--jobs", "40", "--hours", "0.5", "--faults", "none", "--without", "capacity-check"];
    const run = () => {
      try {
        return {
          status: 0,
          stdout: execFileSync(process.execPath, [`${import.meta.dirname}/main.ts`, ...args]).toString(),
        };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: Buffer };
        return { status, stdout: stdout.toString() };
      }
    };
    const first = run();
    expect(first.status).toBe(1);
    expect(first.stdout).toMatch(/limit: no limit is ever exceeded/);
    expect(first.stdout).toMatch(/npm run simulate -- --seed 4 .* --only [\d,]+ --without capacity-check/);
    expect(run()).toEqual(first);
  });
});
