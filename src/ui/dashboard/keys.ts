// Every key of the dashboard, once: what is typed, what the footer shows and what `?` explains all come from this list.
// A read-only dashboard has no binding for what changes the fleet, so there is nothing to forbid.
import type { DashboardState } from "./state.ts";

export type Command =
  | "quit"
  | "interrupt"
  | "help"
  | "close"
  | "next-view"
  | "previous-view"
  | "runners"
  | "jobs"
  | "deliveries"
  | "usage"
  | "up"
  | "down"
  | "page-up"
  | "page-down"
  | "top"
  | "bottom"
  | "detail"
  | "filter"
  | "sort"
  | "reverse"
  | "group"
  | "refresh"
  | "messages"
  | "logs"
  | "open"
  | "copy"
  | "kill"
  | "shell"
  | "spawn"
  | "redeliver"
  | "reconcile"
  | "yes"
  | "no"
  | "follow"
  | "wrap"
  | "search"
  | "next-match"
  | "previous-match"
  | "submit"
  | "erase"
  | "erase-all";

/** What has the keys: a question before all else, then text that is typed, then what covers the screen, then the table. */
export type Context = "confirmation" | "typing" | "help" | "messages" | "logs" | "table";

export interface Binding {
  /** As keyName() calls them; the first is the one that is shown. */
  keys: readonly string[];
  command: Command;
  /** One or two words for the footer. */
  label: string;
  /** A line for the help. */
  help: string;
  group: "Move" | "Look" | "Act" | "Logs" | "Answer" | "Leave";
  in: readonly Context[];
  /** Whether it does anything now; always where absent. */
  when?(state: DashboardState): boolean;
  /** Changes the fleet, or gets into it. */
  isDangerous?: true;
  /** Its place in the footer, the lowest first; not there at all where absent. */
  rank?: number;
}

type Extras = Partial<Pick<Binding, "when" | "isDangerous" | "rank">>;

/** Makes the keys of one group, which have the same contexts. */
function group(name: Binding["group"], contexts: readonly Context[], common: Extras = {}) {
  return (keys: string, command: Command, label: string, help: string, extras: Extras = {}): Binding => ({
    // A blank is a key, too.
    keys: keys.split(" ").map((key) => (key === "space" ? " " : key)),
    command,
    label,
    help,
    group: name,
    in: contexts,
    ...common,
    ...extras,
  });
}

const reading: readonly Context[] = ["table", "logs", "help", "messages"];
const isIn = (...views: string[]) => ({ when: (state: DashboardState) => views.includes(state.view) });
const hasRunner = isIn("runners", "jobs");
const isSearched = { when: (state: DashboardState) => state.log?.search !== "" };

const move = group("Move", reading);
const turn = group("Move", ["table"]);
const look = group("Look", ["table"]);
const act = group("Act", ["table"], { isDangerous: true });
const log = group("Logs", ["logs"]);
const answer = group("Answer", ["confirmation"]);
const type = group("Answer", ["typing"]);
const leave = group("Leave", reading);

const all: readonly Binding[] = [
  move("down j", "down", "down", "Next row or line"),
  move("up k", "up", "up", "Row or line before"),
  move("pagedown ctrl+f space", "page-down", "page", "A screen on; scrolls an open detail"),
  move("pageup ctrl+b", "page-up", "page", "A screen back; scrolls an open detail"),
  move("home g", "top", "top", "To the first"),
  move("end G", "bottom", "end", "To the last"),
  turn("tab right", "next-view", "view", "Next view", { rank: 9 }),
  turn("shift+tab left", "previous-view", "view", "View before"),
  turn("1", "runners", "runners", "Runners"),
  turn("2", "jobs", "jobs", "Jobs, those that wait first"),
  turn("3", "deliveries", "deliveries", "Deliveries"),
  turn("4", "usage", "usage", "Usage"),

  look("enter", "detail", "detail", "The story of the selected row; again to close it", {
    ...isIn("runners", "jobs", "deliveries"),
    rank: 1,
  }),
  look("l", "logs", "logs", "Live log of the selected job", { ...hasRunner, rank: 2 }),
  look("/", "filter", "filter", "Only rows with these words; !word: without it", { rank: 8 }),
  look("o", "sort", "order", "Order by the next column", { rank: 10 }),
  look("O", "reverse", "reverse", "Reverse the order"),
  look("u", "group", "by", "Usage by repository, pool or job", { ...isIn("usage"), rank: 1 }),
  look("b", "open", "browser", "Open at GitHub, in the browser", { ...hasRunner, rank: 11 }),
  look("c", "copy", "copy id", "Copy the id to the clipboard", { rank: 12 }),
  look("r", "refresh", "refresh", "Ask again now"),
  group("Look", ["table", "messages"])("m", "messages", "messages", "All messages so far", { rank: 13 }),

  act("x", "kill", "kill", "End the selected runner and its job; asks first", { ...hasRunner, rank: 4 }),
  act("s", "shell", "shell", "A shell in the selected runner", { ...hasRunner, rank: 3 }),
  act("n", "spawn", "spawn", "Give the selected job a runner now", { ...isIn("jobs"), rank: 3 }),
  act("d", "redeliver", "redeliver", "Send the selected delivery once more", { ...isIn("deliveries"), rank: 3 }),
  act("ctrl+r", "reconcile", "reconcile", "Mend what is amiss; shows it first", { rank: 7 }),

  log("f", "follow", "follow", "Follow the end of the log", { rank: 1 }),
  log("w", "wrap", "wrap", "Wrap long lines", { rank: 2 }),
  log("/", "search", "search", "Search the log", { rank: 3 }),
  log("n", "next-match", "next", "Next line that was found", { ...isSearched, rank: 4 }),
  log("N", "previous-match", "before", "Found line before", { ...isSearched, rank: 5 }),

  answer("y", "yes", "yes", "Do it", { rank: 1 }),
  answer("n escape q", "no", "no", "Leave it", { rank: 2 }),
  type("enter", "submit", "done", "Done typing", { rank: 1 }),
  type("escape", "close", "cancel", "Leave it as it was", { rank: 2 }),
  type("backspace delete", "erase", "erase", "Take a letter back"),
  type("ctrl+u", "erase-all", "erase all", "Take all of it back"),

  leave("escape", "close", "back", "Close what is open; then clear the filter", { when: hasSomethingOpen, rank: 0 }),
  group("Leave", ["help", "messages", "logs"])("q", "close", "back", "Close help, messages or a log"),
  leave("?", "help", "help", "These keys", { rank: 15 }),
  group("Leave", ["table"])("q", "quit", "quit", "Leave the dashboard; the fleet goes on", { rank: 16 }),
  group("Leave", ["confirmation", "typing", ...reading])(
    "ctrl+c",
    "interrupt",
    "quit",
    "Leave; twice: wait for nothing that was begun",
  ),
];

function hasSomethingOpen(state: DashboardState): boolean {
  return contextOf(state) !== "table" || state.isDetailOpen || state.tables[state.view].filter !== "";
}

/** The keys that there are. */
export function bindings(options: { isReadOnly: boolean }): readonly Binding[] {
  return options.isReadOnly ? all.filter((binding) => !binding.isDangerous) : all;
}

export function contextOf(state: DashboardState): Context {
  if (state.confirmation) return "confirmation";
  if (state.typing) return "typing";
  if (state.isHelpOpen) return "help";
  if (state.areMessagesOpen) return "messages";
  return state.log ? "logs" : "table";
}

/** Those that do something now. */
export function activeBindings(state: DashboardState): Binding[] {
  const context = contextOf(state);
  return bindings(state).filter((binding) => binding.in.includes(context) && (binding.when?.(state) ?? true));
}

export function findBinding(state: DashboardState, key: string): Binding | undefined {
  return activeBindings(state).find((binding) => binding.keys.includes(key));
}

const symbols: Readonly<Record<string, string>> = {
  up: "↑",
  down: "↓",
  left: "←",
  right: "→",
  enter: "⏎",
  escape: "esc",
  pageup: "PgUp",
  pagedown: "PgDn",
  home: "Home",
  end: "End",
  tab: "Tab",
  "shift+tab": "⇧Tab",
  backspace: "⌫",
  delete: "Del",
  " ": "space",
};

/** A key as people write it. */
export function keyLabel(key: string): string {
  return symbols[key] ?? key.replace(/^ctrl\+(.)$/, (_, letter: string) => `^${letter.toUpperCase()}`);
}
