import { stripVTControlCharacters } from "node:util";
import { renderToString } from "ink";
import { render } from "ink-testing-library";
import { describe, expect, it } from "vitest";
import { displayWidth } from "../../../src/lib/cli/text.ts";
import type { DashboardJob } from "../../../src/lib/dashboard/source.ts";
import { App, Screen } from "../../../src/ui/dashboard/app.tsx";
import { type DashboardState, viewNames } from "../../../src/ui/dashboard/state.ts";
import { createStore } from "../../../src/ui/dashboard/store.ts";
import { createPalette } from "../../../src/ui/palette.ts";
import { emptyState, job, now, runner, through, withJobs, withRunners } from "./examples.ts";

const draw = (state: DashboardState, hasColour = false) =>
  renderToString(<Screen state={state} palette={createPalette(hasColour)} />, { columns: state.size.columns });
const plain = (state: DashboardState) => stripVTControlCharacters(draw(state));

const sizes = [
  [80, 24],
  [120, 40],
  [200, 60],
  [40, 10],
] as const;

/** Everything there is to show at a size. */
function screens(columns: number, rows: number): DashboardState[] {
  const state = fleet(columns, rows);
  return [
    ...viewNames.map((view) => ({ ...state, view })),
    through({ ...state, view: "jobs" }, { type: "command", command: "detail" }),
    { ...state, isHelpOpen: true },
    { ...state, areMessagesOpen: true },
    through(state, { type: "log-opened", reference: "1", title: "a log" }),
    { ...state, confirmation: { question: "End it?", lines: ["a ".repeat(300)], deed: { kind: "reconcile" } } },
  ];
}

function fleet(columns: number, rows: number): DashboardState {
  const state = emptyState({ size: { columns, rows } });
  const runners = Array.from({ length: 1000 }, (_, index) => runner(`cpu-${index}-1-0abcd${index}`));
  return withJobs([job(1), job(2, { name: "ein Jöb 🚀 名前" })], withRunners(runners, state));
}

describe("the screen", () => {
  it.each(sizes)("of %i by %i fills it, whatever it shows", (columns, rows) => {
    for (const screen of screens(columns, rows)) {
      const lines = plain(screen).split("\n");
      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }
  });

  it.each([
    [1, 1],
    [2, 2],
    [12, 4],
    [20, 6],
  ])("of %i by %i is drawn all the same, if not to be read", (columns, rows) => {
    for (const screen of screens(columns, rows)) expect(() => draw(screen)).not.toThrow();
  });

  it("says in words and symbols all that it says in colour", () => {
    const states = ["busy", "idle", "starting", "unregistered"] as const;
    const state = withRunners(states.map((each) => runner(`cpu-${each}`, { state: each })));
    const text = plain(state);
    for (const word of ["● busy", "○ idle", "◌ starting", "✗ unregistered", "▸● busy"]) expect(text).toContain(word);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
    expect(draw(state)).not.toMatch(/\u001B\[3\d/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
    expect(draw(state, true)).toMatch(/\u001B\[3\d/);
  });

  it("lets no name drive the terminal", () => {
    const state = withJobs([job(1, { name: "evil\u001B[2J\u0007\u202E\u001B[8mname" })], {
      ...emptyState(),
      view: "jobs",
    });
    expect(draw(state)).not.toContain("\u001B[2J");
    for (const sign of ["\u0007", "\u202E", "\u001B[8m"]) expect(draw(state)).not.toContain(sign);
    expect(plain(state)).toContain("evilname");
  });

  it("shows what is stale as stale, and why", () => {
    const failure = {
      type: "failed",
      feed: "sandboxes",
      code: "modal-unreachable",
      message: "Modal does not answer.",
      at: now,
      nextTryAt: now + 8000,
    } as const;
    const text = plain(through(withRunners([runner("cpu-1")]), failure, { type: "tick", now: now + 3000 }));
    expect(text).toContain("✗ Modal down 3s");
    expect(text).toContain("stale, of 12:00:00");
    expect(text).toContain("! Modal: Modal does not answer. Next try in 5s.");
    expect(text).toContain("cpu-1");
  });

  it.each([
    ["github-rate-limited", "! GitHub calls used up"],
    ["github-forbidden", "✗ GitHub refuses"],
    ["github-unauthenticated", "✗ GitHub refuses"],
    ["github-unavailable", "✗ GitHub down 3s"],
    ["network", "✗ GitHub down 3s"],
  ])("tells what keeps GitHub (%s) from an outage, and the calls that are left", (code, shown) => {
    const rate = { limit: 5000, remaining: 480, resetsAt: now + 63_000 };
    const state = through(
      emptyState(),
      { type: "answered", feed: "rate", data: rate, askedAt: now, at: now },
      { type: "failed", feed: "registrations", code, message: "It said so.", at: now, nextTryAt: now + 8000 },
      { type: "tick", now: now + 3000 },
    );
    const text = plain(state);
    expect(text).toMatch(new RegExp(`${shown} +480/5,000 calls, full in 1m`));
    expect(text).toContain("! GitHub: It said so. Next try in 5s.");
  });

  it("is down where one of its witnesses says so, whatever the other says", () => {
    const failed = (feed: "registrations" | "rate", code: string) =>
      ({ type: "failed", feed, code, message: `${code}.`, at: now, nextTryAt: now }) as const;
    const both = [failed("registrations", "github-rate-limited"), failed("rate", "network")];
    expect(plain(through(emptyState(), ...both))).toContain("✗ GitHub down");
  });

  it("does not say that there are no jobs, or how many wait, where they could not be read", () => {
    const unseen = [{ what: "the jobs of acme/app", why: "GitHub is down" }];
    const answer = (jobs: DashboardJob[]) =>
      ({ type: "answered", feed: "jobs", data: { jobs, unseen, isWhole: false }, askedAt: now, at: now }) as const;
    const none = plain(through(emptyState({ view: "jobs" }), answer([])));
    expect(none).toContain("◇ ? queued");
    expect(none).toMatch(/\n +Could not read the jobs of acme\/app: GitHub is down *\n/);
    expect(none).not.toContain("No job waits");
    const kept = plain(through(emptyState({ view: "jobs" }), answer([{ ...job(1), isStale: true }])));
    expect(kept).toMatch(/◇ queued\? +job 1/);
  });

  it("lets messages go away, the bad ones last", () => {
    const said = (level: "info" | "error") => ({ type: "said", level, text: "something", at: now }) as const;
    const at = (level: "info" | "error", ms: number) =>
      plain(through(emptyState(), said(level), { type: "tick", now: now + ms })).includes("something");
    expect([at("info", 1000), at("info", 9000), at("error", 9000), at("error", 20_000)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it("says what is going on, until there is something newer to say", () => {
    const said = (at: number) => ({ type: "said", level: "info", text: "something", at }) as const;
    const began = { type: "began", id: 1, text: "ending cpu-1", at: now + 1 } as const;
    const before = through(emptyState(), said(now), began);
    expect(plain(before)).toContain("… ending cpu-1");
    expect(plain(through(before, said(now + 2)))).toContain("· something");
    expect(plain(through(before, { type: "ended", id: 1 }))).toContain("· something");
  });

  it("hears each key by its name, also those that come at once, and what is pasted as no key", async () => {
    const keys: string[] = [];
    const pasted: string[] = [];
    const { stdin, unmount } = render(
      <App
        store={createStore(emptyState())}
        palette={createPalette(false)}
        onKeys={(names) => keys.push(...names)}
        onPaste={(text) => pasted.push(text)}
      />,
    );
    await new Promise((resolve) => setImmediate(resolve));
    for (const typed of ["j", "\u001B[A", "\r", "\u0012", "\t", "\u001B[Z", "abc", "\u0015\r", "\u007F", "\u001B[6~"])
      stdin.write(typed);
    stdin.write("\u001B[200~x y\rq\u001B[201~");
    await new Promise((resolve) => setImmediate(resolve));
    unmount();
    expect(keys).toEqual([
      ...["j", "up", "enter", "ctrl+r", "tab", "shift+tab", "a", "b", "c", "ctrl+u", "enter"],
      ...[expect.stringMatching(/backspace|delete/), "pagedown"],
    ]);
    expect(pasted).toEqual(["x y\rq"]);
  });
});
