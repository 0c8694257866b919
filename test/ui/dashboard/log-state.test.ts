import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { addLines, goToMatch, matchesIn, openLog, scrollLog, searchLog } from "../../../src/ui/dashboard/log-state.ts";
import { visibleLines } from "../../../src/ui/dashboard/logs.tsx";
import type { LogState } from "../../../src/ui/dashboard/state.ts";
import { createPalette } from "../../../src/ui/palette.ts";

const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ text: `line ${from + index}` }));
const log = (count: number): LogState => addLines(openLog("1", "a job"), lines(0, count));
const palette = createPalette(false);
const lastSeen = (state: LogState) => stripVTControlCharacters(visibleLines(state, palette, 20, 3).at(-1) ?? "");
const seen = (state: LogState, height = 3, width = 20) => visibleLines(state, palette, width, height);

describe("a log that is looked at", () => {
  it("shows its end, and follows it", () => {
    expect(seen(log(10))).toEqual(["line 7", "line 8", "line 9"]);
    expect(seen(addLines(log(10), lines(10, 2)))).toEqual(["line 9", "line 10", "line 11"]);
  });

  it("stays where somebody reads, and follows again from the end on", () => {
    const up = scrollLog(log(10), 4);
    expect(seen(up)).toEqual(["line 3", "line 4", "line 5"]);
    const later = addLines(up, lines(10, 5));
    expect(seen(later)).toEqual(["line 3", "line 4", "line 5"]);
    const end = scrollLog(later, -100);
    expect([end.up, end.isFollowing]).toEqual([0, true]);
  });

  it("stops at its first line", () => {
    expect(seen(scrollLog(log(10), 1000))).toEqual(["line 0"]);
  });

  it("drops its oldest lines, and counts them", () => {
    const long = addLines(log(5), lines(5, 20_000));
    expect([long.lines.length, long.dropped, long.lines[0]?.text]).toEqual([20_000, 5, "line 5"]);
  });

  it("shows its first line to whoever reads that while the lines before it are dropped", () => {
    const read = addLines(scrollLog(addLines(log(5), lines(5, 19_990)), 50_000), lines(19_995, 100));
    expect(seen(read)).toEqual(["line 95"]);
  });

  it("goes from match to match, and stays at the last", () => {
    const found = searchLog(log(30), "LINE 1");
    expect(matchesIn(found)).toHaveLength(11);
    expect(lastSeen(found)).toBe("line 19");
    const before = goToMatch(found, -1);
    expect(lastSeen(before)).toBe("line 18");
    expect(goToMatch(goToMatch(before, 1), 1)).toEqual(goToMatch(before, 1));
    expect(before.isFollowing).toBe(false);
  });

  it("marks what was found, without the line's own colours", () => {
    const coloured = addLines(openLog("1", "a job"), [{ text: "\u001B[31man error\u001B[0m" }]);
    expect(seen(searchLog(coloured, "error"))).toEqual(["an \u001B[7merror\u001B[27m"]);
    expect(seen(coloured)).toEqual(["\u001B[31man error\u001B[0m"]);
  });

  it("wraps long lines where it is asked to", () => {
    const long = {
      ...addLines(openLog("1", "a job"), [{ text: "a".repeat(45) }]),
      isWrapped: true,
    };
    expect(seen(long)).toEqual(["a".repeat(20), "a".repeat(20), "a".repeat(5)]);
  });
});
