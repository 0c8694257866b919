import { describe, expect, it } from "vitest";
import { isolatedEgress, missingGitHubDomains } from "../../../src/lib/policy/egress.ts";

describe("isolatedEgress", () => {
  it("is what the pool allows", () => {
    const egress = { domains: ["x.org"], cidrs: [] };
    expect(isolatedEgress(egress)).toEqual(egress);
  });

  it("is never everything: GitHub alone, with all that a runner needs of it", () => {
    const egress = isolatedEgress(undefined);
    expect(egress.domains).toContain("github.com");
    expect(missingGitHubDomains(egress)).toEqual([]);
  });
});
