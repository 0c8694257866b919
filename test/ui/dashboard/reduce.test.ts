import { describe, expect, it } from "vitest";
import type { Command } from "../../../src/ui/dashboard/keys.ts";
import type { DashboardEvent } from "../../../src/ui/dashboard/reduce.ts";
import { selectedRow, shownRows } from "../../../src/ui/dashboard/rows.ts";
import type { DashboardState } from "../../../src/ui/dashboard/state.ts";
import { emptyState, job, now, runner, through, withJobs, withRunners } from "./examples.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => runner(`cpu-${index}`));
const does = (...commands: Command[]): DashboardEvent[] => commands.map((command) => ({ type: "command", command }));
const selected = (state: DashboardState) => state.tables[state.view].selected;
const shown = (state: DashboardState) => shownRows(state).map((row) => (row as { runner: string }).runner);

describe("selection", () => {
  it.each<[string, Command[], string]>([
    ["begins with the first row", [], "cpu-0"],
    ["goes down", ["down", "down"], "cpu-2"],
    ["goes up, and stays at the first", ["down", "up", "up"], "cpu-0"],
    ["stays at the last", ["bottom", "down"], "cpu-39"],
    ["goes a screen down", ["page-down"], "cpu-9"],
    ["goes a screen up", ["bottom", "page-up"], "cpu-30"],
    ["goes to the top", ["bottom", "top"], "cpu-0"],
  ])("%s", (_, commands, expected) => {
    const state = through(withRunners(names(40)), ...does(...commands));
    expect(selected(state)).toBe(expected);
    const { top } = state.tables.runners;
    const index = shown(state).indexOf(expected);
    // 15 lines less header, tabs, table head, message and keys.
    expect(index).toBeGreaterThanOrEqual(top);
    expect(index).toBeLessThan(top + 9);
  });

  it("follows its row wherever the row moves", () => {
    const before = through(withRunners(names(30)), ...does("down", "down", "down"));
    const moved = withRunners([...names(30).slice(3), ...names(3)], before);
    expect(selected(moved)).toBe("cpu-3");
    expect((selectedRow(moved) as { runner: string }).runner).toBe("cpu-3");
    expect(moved.tables.runners.index).toBe(0);
  });

  it("goes to the row that takes the place of one that is gone", () => {
    const before = through(withRunners(names(5)), ...does("down", "down"));
    expect(selected(withRunners(names(5).toSpliced(2, 1), before))).toBe("cpu-3");
    const last = through(withRunners(names(5)), ...does("bottom"));
    expect(selected(withRunners(names(3), last))).toBe("cpu-2");
  });

  it("is the same again after the fleet was empty", () => {
    const gone = withRunners([], withRunners(names(5)));
    expect(selectedRow(gone)).toBeUndefined();
    expect(selectedRow(withRunners(names(5), gone))).toMatchObject({ runner: "cpu-0" });
  });

  it("is each view's own", () => {
    const state = through(withJobs([job(1), job(2)], withRunners(names(3))), ...does("down", "jobs", "down"));
    expect(selected(state)).toBe("2/1");
    expect(selected(through(state, ...does("runners")))).toBe("cpu-1");
  });
});

describe("filter", () => {
  const fleet = () =>
    withRunners([
      runner("cpu-1", { repository: "acme/app" }),
      runner("gpu-2", { pool: "gpu-h100", state: "idle" }),
      runner("gpu-3", { pool: "gpu-h100", repository: "acme/web" }),
    ]);
  const typed = (text: string): DashboardEvent[] => [...does("filter"), { type: "typed", text }];

  it.each([
    ["h100", ["gpu-2", "gpu-3"]],
    ["H100 WEB", ["gpu-3"]],
    ["!h100", ["cpu-1"]],
    ["busy !web", ["cpu-1"]],
    ["!", ["cpu-1", "gpu-2", "gpu-3"]],
    ["nothing", []],
  ])("%s", (text, expected) => {
    expect(shown(through(fleet(), ...typed(text)))).toEqual(expected);
    expect(shown(through(fleet(), ...typed(text), ...does("submit")))).toEqual(expected);
  });

  it("is as it was after escape, and gone after another", () => {
    const set = through(fleet(), ...typed("h100"), ...does("submit"));
    const cancelled = through(set, ...does("filter", "erase-all"), { type: "typed", text: "web" }, ...does("close"));
    expect(shown(cancelled)).toEqual(["gpu-2", "gpu-3"]);
    expect(shown(through(cancelled, ...does("close")))).toHaveLength(3);
  });

  it("loses a letter at a time", () => {
    const state = through(fleet(), ...typed("web"), ...does("erase"));
    expect(state.typing?.text).toBe("we");
  });
});

describe("order", () => {
  const fleet = () =>
    withRunners([
      runner("cpu-10", { dollarsPerHour: 1 }),
      runner("cpu-9", { dollarsPerHour: 7 }),
      runner("cpu-2", { state: "idle", dollarsPerHour: 3 }),
    ]);

  it("is by one column after the other: names by their numbers, amounts from the greatest, then as it came", () => {
    const byName = through(fleet(), ...does("sort", "sort"));
    expect(shown(byName)).toEqual(["cpu-2", "cpu-9", "cpu-10"]);
    expect(shown(through(byName, ...does("reverse")))).toEqual(["cpu-10", "cpu-9", "cpu-2"]);
    let state = byName;
    const seen: (number | undefined)[] = [];
    for (let step = 0; step < 12; step++) {
      state = through(state, ...does("sort"));
      seen.push(state.tables.runners.sort?.column);
    }
    expect(seen).toContain(undefined);
    const byDollars = through(fleet(), ...does(...Array.from({ length: 9 }, () => "sort" as const)));
    expect(shown(byDollars)).toEqual(["cpu-9", "cpu-2", "cpu-10"]);
  });

  it("leaves the selected row selected", () => {
    const state = through(fleet(), ...does("down", "sort", "sort"));
    expect(selected(state)).toBe("cpu-9");
    expect(state.tables.runners.index).toBe(1);
  });
});

describe("what covers the screen", () => {
  it("is closed from the top down", () => {
    const open = through(
      withRunners(names(3)),
      ...does("detail"),
      { type: "log-opened", reference: "1", title: "a log" },
      ...does("messages", "help"),
    );
    const steps = [
      (s: DashboardState) => s.isHelpOpen,
      (s: DashboardState) => s.log !== undefined,
      (s: DashboardState) => s.isDetailOpen,
    ];
    let state = open;
    for (const isOpen of steps) {
      expect(isOpen(state)).toBe(true);
      state = through(state, ...does("close"));
      expect(isOpen(state)).toBe(false);
    }
  });

  it("is no detail where no row is", () => {
    expect(through(emptyState(), ...does("detail")).isDetailOpen).toBe(false);
  });

  const said = (count: number, text: string): DashboardEvent[] =>
    Array.from({ length: count }, () => ({ type: "said", level: "info", text, at: now }));

  it("is scrolled to its last line, and no key is lost beyond that", () => {
    // 200 messages of three lines, and ten lines of screen.
    const open = through(emptyState(), ...said(200, "word ".repeat(40)), ...does("messages"));
    expect(through(open, ...does("bottom")).overlayTop).toBe(590);
    expect(through(open, ...does("bottom", "down", "page-down", "up")).overlayTop).toBe(589);
    const help = through(emptyState(), ...does("help", "bottom"));
    expect(through(help, ...does("page-down")).overlayTop).toBe(help.overlayTop);
    expect(through(help, ...does("up")).overlayTop).toBe(help.overlayTop - 1);
  });

  it("is scrolled from where it ends after it has become shorter", () => {
    const open = through(emptyState(), ...said(200, "word ".repeat(40)), ...does("messages", "bottom"));
    const wide = through(open, { type: "resized", columns: 300, rows: 15 });
    expect(through(wide, ...does("up")).overlayTop).toBe(189);
  });

  it("is a detail that is scrolled no further than its story goes", () => {
    const lines = Array.from({ length: 50 }, (_, index) => ({ text: `line ${index}`, tone: "plain" as const }));
    const story = { of: "runners cpu-0", at: now, isLoading: false, lines };
    const open = through(withRunners(names(3)), ...does("detail"), { type: "story", story });
    const end = through(open, ...does("page-down", "page-down", "page-down", "page-down", "page-down", "page-down"));
    expect(through(end, ...does("page-down", "page-down")).detailTop).toBe(end.detailTop);
    expect(through(end, ...does("page-down", "page-up")).detailTop).toBe(end.detailTop - 9);
  });

  it("is scrolled in place of the table", () => {
    const state = through(withRunners(names(40)), ...said(20, "x"), ...does("messages", "down", "down", "up"));
    expect([state.overlayTop, selected(state)]).toEqual([1, "cpu-0"]);
    const detail = through(withRunners(names(40)), ...does("detail", "page-down"));
    expect([detail.detailTop > 0, selected(detail)]).toEqual([true, "cpu-0"]);
    expect(through(detail, ...does("down")).detailTop).toBe(0);
  });
});

describe("feeds", () => {
  it("keep what they told last while they fail, and since when", () => {
    const failed = (at: number): DashboardEvent => ({
      type: "failed",
      feed: "sandboxes",
      code: "modal-unreachable",
      message: "no",
      at,
      nextTryAt: at + 5,
    });
    const state = through(withRunners(names(3)), failed(now + 1), failed(now + 2));
    expect(state.runners).toHaveLength(3);
    expect(state.feeds.sandboxes).toMatchObject({ at: now, failure: { since: now + 1, nextTryAt: now + 7 } });
    expect(withRunners(names(2), state).feeds.sandboxes.failure).toBeUndefined();
  });
});

describe("messages", () => {
  it("are numbered, and the oldest are dropped", () => {
    const said = Array.from(
      { length: 250 },
      (_, index): DashboardEvent => ({
        type: "said",
        level: "info",
        text: String(index),
        at: now,
      }),
    );
    const { messages } = through(emptyState(), ...said);
    expect(messages).toHaveLength(200);
    expect(messages.at(-1)).toMatchObject({ id: 250, text: "249" });
  });
});
