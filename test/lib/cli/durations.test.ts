import { expect, it } from "vitest";
import { formatDuration } from "../../../src/lib/cli/durations.ts";

it.each([
  [-5, "0s"],
  [0, "0s"],
  [Number.NaN, "0s"],
  [850, "850ms"],
  [1000, "1s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [184_000, "3m 4s"],
  [3_599_999, "59m 59s"],
  [7_500_000, "2h 5m"],
  [86_400_000, "1d"],
  [100 * 86_400_000 + 3 * 3_600_000, "100d 3h"],
])("%d ms reads %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
