import { describe, expect, it } from "vitest";
import { bar, columnChart } from "../../../src/lib/cli/charts.ts";

describe("bar", () => {
  it.each([
    [0, ""],
    [0.5, "██"],
    [1, "████"],
    [2, "████"],
    [-1, ""],
    [0.53, "██▏"],
  ])("of a share of %f is %s", (share, expected) => {
    expect(bar(share, 4)).toBe(expected);
  });
});

describe("columnChart", () => {
  it("fills its height with the highest, and shows whatever is above zero", () => {
    expect(columnChart([0, 0.001, 5, 10], 2)).toEqual(["   █", " ▁██"]);
  });

  it("is empty where all is zero", () => {
    expect(columnChart([0, 0], 1)).toEqual(["  "]);
  });
});
