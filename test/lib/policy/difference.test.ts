import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText, diffPolicies } from "../../../src/lib/policy/difference.ts";
import { policyHash } from "../../../src/lib/policy/load.ts";
import { parsePolicy } from "../../../src/lib/policy/parse.ts";

const head = "fleet: a\ngithub: { owner: a }\n";
const local = parsePolicy(`${head}limits: { max-runners: 5 }
pools: [{ name: cpu, labels: [modal], cpu: 4 }, { name: gpu, labels: [gpu], gpu: T4 }]`);

describe("policyHash", () => {
  it("is the same for files that say the same", () => {
    const other = `# by hand
pools:
  - { labels: [modal], cpu: 4.0, name: cpu, timeout: 120m }
  - { labels: [gpu], name: gpu, gpu: t4:1 }
github: { scope: organization, owner: a }
fleet: a
limits: { max-runners: 5 }
`;
    expect(policyHash(parsePolicy(other))).toBe(policyHash(local));
    expect(policyHash(local)).toMatch(/^[0-9a-f]{12}$/);
  });

  it("is another for files that do not", () => {
    const [cpu, gpu] = local.pools;
    expect(policyHash({ ...local, pools: [gpu!, cpu!] })).not.toBe(policyHash(local));
    expect(policyHash({ ...local, fleet: "b" })).not.toBe(policyHash(local));
  });
});

describe("diffPolicies", () => {
  it("names each place, pools by their names", () => {
    const deployed = parsePolicy(`${head}limits: { daily-budget-dollars: 3 }
pools:
  - { name: gpu, labels: [gpu, big], gpu: T4 }
  - { name: cpu, labels: [modal], egress: { domains: [x.org] } }
  - { name: old, labels: [old] }`);
    expect(diffPolicies(local, deployed)).toEqual([
      { path: "limits.maxRunners", local: 5, deployed: 100 },
      { path: "limits.dailyBudgetDollars", local: undefined, deployed: 3 },
      { path: "pools[cpu].cpu", local: 4, deployed: 2 },
      { path: "pools[cpu].egress", local: undefined, deployed: { domains: ["x.org"], cidrs: [] } },
      { path: "pools[gpu].labels", local: ["gpu"], deployed: ["gpu", "big"] },
      { path: "pools[old]", local: undefined, deployed: deployed.pools[2] },
      { path: "pools (order)", local: ["cpu", "gpu"], deployed: ["gpu", "cpu", "old"] },
    ]);
  });

  it("takes what another version deployed", () => {
    expect(diffPolicies({ pools: [{ name: "a" }] }, { pools: "none", more: [1] })).toEqual([
      { path: "pools", local: [{ name: "a" }], deployed: "none" },
      { path: "more", local: undefined, deployed: [1] },
    ]);
  });

  it("finds nothing if and only if the canonical texts are the same", () => {
    const leaf = fc.oneof(fc.constantFrom(1, "a", null, undefined), fc.boolean());
    const pool = fc.record({ name: fc.constantFrom("a", "b", "1", "2", "__proto__"), x: leaf });
    const policy = fc.record(
      {
        a: leaf,
        toString: leaf,
        pools: fc.array(pool, { maxLength: 3 }),
        b: fc.dictionary(fc.constantFrom("x", "y"), leaf),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(policy, policy, (one, other) => {
        expect(diffPolicies(one, other).length === 0).toBe(canonicalText(one) === canonicalText(other));
        expect(diffPolicies(one, structuredClone(one))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
