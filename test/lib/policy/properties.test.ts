import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { matchPool, resolveJob, runnerLabels } from "../../../src/lib/policy/match.ts";
import { checkPolicy, PolicyError } from "../../../src/lib/policy/parse.ts";
import { estimateDollars } from "../../../src/lib/policy/prices.ts";
import type { Policy } from "../../../src/lib/policy/schema.ts";
import { parseDuration, parseMemory, writeDuration, writeMemory } from "../../../src/lib/policy/units.ts";

/** Words of the schema, so that what is made of them is often nearly right. */
const words = fc.constantFrom(
  ...[
    "fleet",
    "github",
    "owner",
    "pools",
    "name",
    "labels",
    "gpu",
    "resources",
    "egress",
    "domains",
    "max-cpu",
    "prices",
  ],
  ...[
    "a",
    "modal",
    "h100:2",
    "2h",
    "4GiB",
    "x.org",
    "10.0.0.0/8",
    "__proto__",
    "constructor",
    "/c",
    "vm",
    "organization",
  ],
);
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 5 }, words, fc.double(), fc.boolean(), fc.constant(null), tie("list"), tie("map")),
  list: fc.array(tie("any"), { maxLength: 4 }),
  map: fc.dictionary(words, tie("any"), { maxKeys: 6 }),
})).any;

/** A policy that is accepted, in many shapes. */
const pools = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom("a", "b", "c"),
    labels: fc.uniqueArray(fc.constantFrom("modal", "gpu", "big", "x/y", "ubuntu-latest"), { minLength: 1 }),
    gpu: fc.constantFrom("T4", "h100:2", "B300", undefined),
    resources: fc.constantFrom(undefined, {}, { "max-cpu": 8, gpus: ["T4", "H100", "B300"], "max-gpu-count": 8 }),
  }),
  { minLength: 1, selector: ({ name }) => name },
);
const part = fc.constantFrom(
  "gpu=t4",
  "gpu=h100:4",
  "gpu=",
  "cpu=4",
  "cpu=99",
  "memory=1g",
  "timeout=1h",
  "run=1",
  "what=1",
  "",
);
const label = fc.oneof(
  fc.constantFrom("modal", "gpu", "big", "x/y", "self-hosted", "Linux", "macos", "MODAL"),
  fc
    .tuple(fc.constantFrom("modal", "gpu", "x", ""), fc.array(part, { maxLength: 3 }))
    .map(([head, rest]) => [head, ...rest].join("/")),
  fc.string(),
);

describe("checkPolicy", () => {
  it.each([
    ["any text", fc.string({ unit: "binary", maxLength: 200 })],
    ["any YAML", value.map((entry) => stringify(entry))],
    [
      "pieces of YAML",
      fc
        .array(
          fc.constantFrom("a", ": ", "\n", "- ", "[", "]", "{", "}", "&a ", "*a", "? ", "!x ", "|", "%", "---\n", ","),
        )
        .map((p) => p.join("")),
    ],
  ])("throws nothing but PolicyError, with a place for each fault: %s", (_, texts: fc.Arbitrary<string>) => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          checkPolicy(text);
        } catch (error) {
          if (!(error instanceof PolicyError)) throw error;
          expect(error.faults.length).toBeGreaterThan(0);
          for (const { line, column, message } of error.faults) {
            expect(line).toBeGreaterThanOrEqual(1);
            expect(column).toBeGreaterThanOrEqual(1);
            expect(message).not.toBe("");
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("resolveJob", () => {
  it("has an answer for every job: a runner that GitHub may give the job to, or a reason", () => {
    fc.assert(
      fc.property(pools, fc.array(label, { maxLength: 4 }), (written, labels) => {
        const { policy } = checkPolicy(stringify({ fleet: "f", github: { owner: "o" }, pools: written }));
        const found = resolveJob(policy, labels);
        if (found.kind === "none") {
          expect(found.detail).not.toBe("");
          return;
        }
        const offered = found.labels.map((entry) => entry.toLowerCase());
        for (const asked of labels) expect(offered).toContain(asked.toLowerCase());
        expect(offered).toEqual(expect.arrayContaining(runnerLabels(found.pool)));
        isWithinCeilings(found.pool, found.resources);
        expect(estimateDollars(policy, found.resources, 1)).toBeGreaterThan(0);
        if (found.resources.gpu !== undefined && !labels.some((asked) => /gpu=/i.test(asked))) {
          expect(ableWithoutGpu(policy, labels)).toEqual([]);
        }
        expect(matchPool(policy, labels)).toBe(
          offered.length === runnerLabels(found.pool).length ? found.pool : undefined,
        );
      }),
      { numRuns: 500 },
    );
  });

  function isWithinCeilings(
    pool: Policy["pools"][number],
    resources: { cpu: number; memoryMiB: number; timeoutSeconds: number },
  ) {
    expect(resources.cpu).toBeLessThanOrEqual(pool.resources?.maxCpu ?? pool.cpu);
    expect(resources.memoryMiB).toBeLessThanOrEqual(pool.resources?.maxMemoryMiB ?? pool.memoryMiB);
    expect(resources.timeoutSeconds).toBeLessThanOrEqual(pool.resources?.maxTimeoutSeconds ?? pool.timeoutSeconds);
  }

  /** Names of pools without a GPU that have every plain label of the job, and the first part of the others. */
  function ableWithoutGpu(policy: Policy, labels: string[]): string[] {
    const able = policy.pools.filter((pool) => {
      const offered = runnerLabels(pool);
      const has = (text: string) => offered.includes(text.toLowerCase());
      return pool.gpu === undefined && labels.every((text) => has(text) || has(text.split("/")[0] ?? ""));
    });
    return able.map((pool) => pool.name);
  }
});

describe("units", () => {
  it("read what they write", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 9 }), (amount) => {
        expect(parseDuration(writeDuration(amount))).toBe(amount);
        expect(parseMemory(writeMemory(amount))).toBe(amount);
      }),
    );
  });

  it("are whole numbers or nothing, for any text", () => {
    const digits = fc.array(fc.constantFrom("1", "9", "0", ".", "h", "m", "s", "d", "g", "G", "i", "B", "e"), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          digits.map((d) => d.join("")),
          fc.constant(`${"9".repeat(400)}h`),
        ),
        (text) => {
          for (const read of [parseDuration(text), parseMemory(text)]) {
            expect(read === undefined || Number.isSafeInteger(read)).toBe(true);
          }
        },
      ),
    );
  });
});
