import { describe, expect, it } from "vitest";
import { quotePolicy } from "../../../src/lib/policy/quote.ts";

const text = `# The fleet of acme
fleet: f
github: { owner: acme }
pools:
  - name: cpu
    labels:
      - modal
    max-runners: 3   # for now
  - { name: gpu, labels: [gpu] }
`;

describe("quoting a policy file", () => {
  it("gives the lines as they are in the file, with their numbers, in its order", () => {
    const said = [
      { path: ["pools", 0, "max-runners"] },
      { path: ["pools", 0, "labels"] },
      { path: ["github", "owner"] },
    ];
    expect(quotePolicy(text, said)).toEqual([
      { path: "github.owner", line: 3, text: "github: { owner: acme }" },
      { path: "pools[0].labels", line: 6, text: "labels:" },
      { path: "pools[0].max-runners", line: 8, text: "max-runners: 3   # for now" },
    ]);
  });

  it("tells the default of what the file does not say, last and without a line, or leaves it out", () => {
    const said = [
      { path: ["limits", "max-runners"], otherwise: "max-runners: 100, the default" },
      { path: ["limits", "daily-budget-dollars"] },
      { path: ["fleet"] },
    ];
    expect(quotePolicy(text, said)).toEqual([
      { path: "fleet", line: 2, text: "fleet: f" },
      { path: "limits.max-runners", line: null, text: "max-runners: 100, the default" },
    ]);
  });

  it("quotes a line once that says several things", () => {
    const said = [{ path: ["pools", 1, "name"] }, { path: ["pools", 1, "labels"] }];
    expect(quotePolicy(text, said)).toEqual([
      { path: "pools[1].labels", line: 9, text: "- { name: gpu, labels: [gpu] }" },
    ]);
  });
});
