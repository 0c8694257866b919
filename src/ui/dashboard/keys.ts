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

const reading: readonly Context[] = ["table", "logs", "help", "messages"];
const isIn =
  (...views: string[]) =>
  (state: DashboardState) =>
    views.includes(state.view);

const all: readonly Binding[] = [
  { keys: ["down", "j"], command: "down", label: "down", help: "Next row or line", group: "Move", in: reading },
  { keys: ["up", "k"], command: "up", label: "up", help: "Row or line before", group: "Move", in: reading },
  {
    keys: ["pagedown", "ctrl+f", " "],
    command: "page-down",
    label: "page",
    help: "A screen on; scrolls an open detail",
    group: "Move",
    in: reading,
  },
  {
    keys: ["pageup", "ctrl+b"],
    command: "page-up",
    label: "page",
    help: "A screen back; scrolls an open detail",
    group: "Move",
    in: reading,
  },
  { keys: ["home", "g"], command: "top", label: "top", help: "To the first", group: "Move", in: reading },
  { keys: ["end", "G"], command: "bottom", label: "end", help: "To the last", group: "Move", in: reading },
  {
    keys: ["tab", "right"],
    command: "next-view",
    label: "view",
    help: "Next view",
    group: "Move",
    in: ["table"],
    rank: 9,
  },
  {
    keys: ["shift+tab", "left"],
    command: "previous-view",
    label: "view",
    help: "View before",
    group: "Move",
    in: ["table"],
  },
  { keys: ["1"], command: "runners", label: "runners", help: "Runners", group: "Move", in: ["table"] },
  { keys: ["2"], command: "jobs", label: "jobs", help: "Jobs, those that wait first", group: "Move", in: ["table"] },
  { keys: ["3"], command: "deliveries", label: "deliveries", help: "Deliveries", group: "Move", in: ["table"] },
  { keys: ["4"], command: "usage", label: "usage", help: "Usage", group: "Move", in: ["table"] },

  {
    keys: ["enter"],
    command: "detail",
    label: "detail",
    help: "The story of the selected row; again to close it",
    group: "Look",
    in: ["table"],
    when: isIn("runners", "jobs", "deliveries"),
    rank: 1,
  },
  {
    keys: ["l"],
    command: "logs",
    label: "logs",
    help: "Live log of the selected job",
    group: "Look",
    in: ["table"],
    when: isIn("runners", "jobs"),
    rank: 2,
  },
  {
    keys: ["/"],
    command: "filter",
    label: "filter",
    help: "Only rows with these words; !word: without it",
    group: "Look",
    in: ["table"],
    rank: 8,
  },
  {
    keys: ["o"],
    command: "sort",
    label: "order",
    help: "Order by the next column",
    group: "Look",
    in: ["table"],
    rank: 10,
  },
  { keys: ["O"], command: "reverse", label: "reverse", help: "Reverse the order", group: "Look", in: ["table"] },
  {
    keys: ["u"],
    command: "group",
    label: "by",
    help: "Usage by repository, pool or job",
    group: "Look",
    in: ["table"],
    when: isIn("usage"),
    rank: 1,
  },
  {
    keys: ["b"],
    command: "open",
    label: "browser",
    help: "Open at GitHub, in the browser",
    group: "Look",
    in: ["table"],
    when: isIn("runners", "jobs"),
    rank: 11,
  },
  {
    keys: ["c"],
    command: "copy",
    label: "copy id",
    help: "Copy the id to the clipboard",
    group: "Look",
    in: ["table"],
    rank: 12,
  },
  { keys: ["r"], command: "refresh", label: "refresh", help: "Ask again now", group: "Look", in: ["table"] },
  {
    keys: ["m"],
    command: "messages",
    label: "messages",
    help: "All messages so far",
    group: "Look",
    in: ["table", "messages"],
    rank: 13,
  },

  {
    keys: ["x"],
    command: "kill",
    label: "kill",
    help: "End the selected runner and its job; asks first",
    group: "Act",
    in: ["table"],
    when: isIn("runners", "jobs"),
    isDangerous: true,
    rank: 4,
  },
  {
    keys: ["s"],
    command: "shell",
    label: "shell",
    help: "A shell in the selected runner",
    group: "Act",
    in: ["table"],
    when: isIn("runners", "jobs"),
    isDangerous: true,
    rank: 3,
  },
  {
    keys: ["n"],
    command: "spawn",
    label: "spawn",
    help: "Give the selected job a runner now",
    group: "Act",
    in: ["table"],
    when: isIn("jobs"),
    isDangerous: true,
    rank: 3,
  },
  {
    keys: ["d"],
    command: "redeliver",
    label: "redeliver",
    help: "Send the selected delivery once more",
    group: "Act",
    in: ["table"],
    when: isIn("deliveries"),
    isDangerous: true,
    rank: 3,
  },
  {
    keys: ["ctrl+r"],
    command: "reconcile",
    label: "reconcile",
    help: "Mend what is amiss; shows it first",
    group: "Act",
    in: ["table"],
    isDangerous: true,
    rank: 7,
  },

  {
    keys: ["f"],
    command: "follow",
    label: "follow",
    help: "Follow the end of the log",
    group: "Logs",
    in: ["logs"],
    rank: 1,
  },
  { keys: ["w"], command: "wrap", label: "wrap", help: "Wrap long lines", group: "Logs", in: ["logs"], rank: 2 },
  { keys: ["/"], command: "search", label: "search", help: "Search the log", group: "Logs", in: ["logs"], rank: 3 },
  {
    keys: ["n"],
    command: "next-match",
    label: "next",
    help: "Next line that was found",
    group: "Logs",
    in: ["logs"],
    when: (state) => state.log?.search !== "",
    rank: 4,
  },
  {
    keys: ["N"],
    command: "previous-match",
    label: "before",
    help: "Found line before",
    group: "Logs",
    in: ["logs"],
    when: (state) => state.log?.search !== "",
    rank: 5,
  },

  { keys: ["y"], command: "yes", label: "yes", help: "Do it", group: "Answer", in: ["confirmation"], rank: 1 },
  {
    keys: ["n", "escape", "q"],
    command: "no",
    label: "no",
    help: "Leave it",
    group: "Answer",
    in: ["confirmation"],
    rank: 2,
  },
  { keys: ["enter"], command: "submit", label: "done", help: "Done typing", group: "Answer", in: ["typing"], rank: 1 },
  {
    keys: ["escape"],
    command: "close",
    label: "cancel",
    help: "Leave it as it was",
    group: "Answer",
    in: ["typing"],
    rank: 2,
  },
  {
    keys: ["backspace", "delete"],
    command: "erase",
    label: "erase",
    help: "Take a letter back",
    group: "Answer",
    in: ["typing"],
  },
  {
    keys: ["ctrl+u"],
    command: "erase-all",
    label: "erase all",
    help: "Take all of it back",
    group: "Answer",
    in: ["typing"],
  },

  {
    keys: ["escape"],
    command: "close",
    label: "back",
    help: "Close what is open; then clear the filter",
    group: "Leave",
    in: reading,
    when: hasSomethingOpen,
    rank: 0,
  },
  {
    keys: ["q"],
    command: "close",
    label: "back",
    help: "Close help, messages or a log",
    group: "Leave",
    in: ["help", "messages", "logs"],
  },
  { keys: ["?"], command: "help", label: "help", help: "These keys", group: "Leave", in: reading, rank: 15 },
  {
    keys: ["q"],
    command: "quit",
    label: "quit",
    help: "Leave the dashboard; the fleet goes on",
    group: "Leave",
    in: ["table"],
    rank: 16,
  },
  {
    keys: ["ctrl+c"],
    command: "interrupt",
    label: "quit",
    help: "Leave at once",
    group: "Leave",
    in: ["confirmation", "typing", ...reading],
  },
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
