// What changes a dashboard's state, and how: pure, so that every key and every answer can be tried in a table.
import type { DashboardRunner, LogLine } from "../../lib/dashboard/source.ts";
import type { Command } from "./keys.ts";
import { pageOf } from "./layout.ts";
import { addLines, goToMatch, openLog, scrollLog, searchLog } from "./log-state.ts";
import { selectedRow } from "./rows.ts";
import { scrollDetail, scrollOverlay } from "./scroll.ts";
import {
  type Confirmation,
  type DashboardState,
  type FeedData,
  type FeedName,
  type Level,
  type LogState,
  type Story,
  type ViewName,
  viewNames,
} from "./state.ts";
import { reverseSort, select, settle, sortByNext, withTable } from "./table-state.ts";

export type DashboardEvent =
  | { type: "tick"; now: number }
  | { type: "resized"; columns: number; rows: number }
  | { type: "command"; command: Command }
  | { type: "typed"; text: string }
  | {
      type: "answered";
      feed: FeedName;
      data: FeedData[FeedName];
      askedAt: number;
      at: number;
      runners?: readonly DashboardRunner[] | undefined;
    }
  | { type: "failed"; feed: FeedName; code: string; message: string; at: number; nextTryAt: number }
  | { type: "said"; level: Level; text: string; at: number; isQuiet?: boolean }
  | { type: "began"; id: number; text: string; at: number }
  | { type: "ended"; id: number }
  | { type: "asked"; confirmation: Confirmation }
  | { type: "story"; story: Story }
  | { type: "log-opened"; reference: string; title: string }
  | { type: "log-lines"; reference: string; lines: readonly LogLine[] }
  | { type: "log-status"; reference: string; status: LogState["status"]; failure?: string };

/** How many messages are kept. */
const mostMessages = 200;
const orders = ["repo", "pool", "job"] as const;

export function reduce(state: DashboardState, event: DashboardEvent): DashboardState {
  switch (event.type) {
    case "tick":
      return { ...state, now: event.now };
    case "resized":
      return settle({ ...state, size: { columns: event.columns, rows: event.rows } });
    case "command":
      return obey(state, event.command);
    case "typed":
      return typed(state, (text) => text + event.text);
    case "answered":
      return answered(state, event);
    case "failed": {
      const feed = state.feeds[event.feed];
      const failure = {
        since: feed.failure?.since ?? event.at,
        code: event.code,
        message: event.message,
        nextTryAt: event.nextTryAt,
      };
      return { ...state, feeds: { ...state.feeds, [event.feed]: { ...feed, failure } } };
    }
    case "said": {
      const { level, text, at, isQuiet = false } = event;
      const id = (state.messages.at(-1)?.id ?? 0) + 1;
      return { ...state, messages: [...state.messages, { id, level, text, at, isQuiet }].slice(-mostMessages) };
    }
    case "began":
      return { ...state, underWay: [...state.underWay, { id: event.id, text: event.text, since: event.at }] };
    case "ended":
      return { ...state, underWay: state.underWay.filter(({ id }) => id !== event.id) };
    case "asked":
      return { ...state, confirmation: event.confirmation };
    case "story":
      return { ...state, story: event.story };
    case "log-opened":
      return { ...state, log: openLog(event.reference, event.title) };
    case "log-lines":
      return withLog(state, event.reference, (log) => addLines(log, event.lines));
    case "log-status":
      return withLog(state, event.reference, (log) => ({ ...log, status: event.status, failure: event.failure }));
  }
}

function withLog(state: DashboardState, reference: string, change: (log: LogState) => LogState): DashboardState {
  return state.log?.reference === reference ? { ...state, log: change(state.log) } : state;
}

function answered(
  state: DashboardState,
  { feed, data, askedAt, at, ...event }: Extract<DashboardEvent, { type: "answered" }>,
): DashboardState {
  const feeds = { ...state.feeds, [feed]: { data, askedAt, at, failure: undefined } };
  let next: DashboardState = { ...state, feeds, runners: "runners" in event ? event.runners : state.runners };
  for (const view of viewNames) next = settle(next, view);
  return next;
}

function obey(state: DashboardState, command: Command): DashboardState {
  switch (command) {
    case "runners":
    case "jobs":
    case "deliveries":
    case "usage":
      return toView(state, command);
    case "next-view":
      return toView(state, neighbour(state.view, 1));
    case "previous-view":
      return toView(state, neighbour(state.view, -1));
    case "up":
    case "down":
    case "page-up":
    case "page-down":
    case "top":
    case "bottom":
      return move(state, command);
    case "detail":
      return settle({ ...state, isDetailOpen: !state.isDetailOpen && selectedRow(state) !== undefined, detailTop: 0 });
    case "help":
      return { ...state, isHelpOpen: !state.isHelpOpen, areMessagesOpen: false, overlayTop: 0 };
    case "messages":
      return { ...state, areMessagesOpen: !state.areMessagesOpen, overlayTop: 0 };
    case "filter":
      return { ...state, typing: { purpose: "filter", text: state.tables[state.view].filter } };
    case "search":
      return { ...state, typing: { purpose: "search", text: "" } };
    case "sort":
      return sortByNext(state);
    case "reverse":
      return reverseSort(state);
    case "group":
      return settle({ ...state, usageBy: orders[(orders.indexOf(state.usageBy) + 1) % orders.length] ?? "repo" });
    case "submit":
      return submit(state);
    case "erase":
      return typed(state, (text) => Array.from(text).slice(0, -1).join(""));
    case "erase-all":
      return typed(state, () => "");
    case "close":
      return close(state);
    case "yes":
    case "no":
      return { ...state, confirmation: undefined };
    case "follow":
      return changeLog(state, (log) => ({ ...log, isFollowing: !log.isFollowing, up: log.isFollowing ? log.up : 0 }));
    case "wrap":
      return changeLog(state, (log) => ({ ...log, isWrapped: !log.isWrapped }));
    case "next-match":
      return changeLog(state, (log) => goToMatch(log, 1));
    case "previous-match":
      return changeLog(state, (log) => goToMatch(log, -1));
    default:
      // What is left is done to the fleet or the terminal, not to the state.
      return state;
  }
}

function toView(state: DashboardState, view: ViewName): DashboardState {
  return settle({ ...state, view, detailTop: 0 }, view);
}

function neighbour(view: ViewName, step: 1 | -1): ViewName {
  const { length } = viewNames;
  return viewNames[(viewNames.indexOf(view) + step + length) % length] ?? view;
}

type Motion = "up" | "down" | "page-up" | "page-down" | "top" | "bottom";

function move(state: DashboardState, motion: Motion): DashboardState {
  const page = pageOf(state);
  const sign = motion === "up" || motion === "page-up" || motion === "top" ? -1 : 1;
  const far = motion === "top" || motion === "bottom" ? Number.MAX_SAFE_INTEGER : undefined;
  const step = sign * (far ?? (motion.startsWith("page") ? page : 1));
  if (state.isHelpOpen || state.areMessagesOpen) return scrollOverlay(state, step);
  if (state.log) return { ...state, log: scrollLog(state.log, -step) };
  if (state.isDetailOpen && motion.startsWith("page")) return scrollDetail(state, step);
  return select(state, state.tables[state.view].index + step);
}

function typed(state: DashboardState, change: (text: string) => string): DashboardState {
  if (!state.typing) return state;
  return settle({ ...state, typing: { ...state.typing, text: change(state.typing.text) } });
}

function submit(state: DashboardState): DashboardState {
  const { typing } = state;
  if (!typing) return state;
  const done = { ...state, typing: undefined };
  if (typing.purpose === "search") return changeLog(done, (log) => searchLog(log, typing.text));
  return settle(withTable(done, state.view, { filter: typing.text.trim() }));
}

/** Closes what is uppermost; where nothing is open, the filter goes. */
function close(state: DashboardState): DashboardState {
  if (state.typing) return settle({ ...state, typing: undefined });
  if (state.isHelpOpen) return { ...state, isHelpOpen: false };
  if (state.areMessagesOpen) return { ...state, areMessagesOpen: false };
  if (state.log) return { ...state, log: undefined };
  if (state.isDetailOpen) return settle({ ...state, isDetailOpen: false });
  return settle(withTable(state, state.view, { filter: "" }));
}

function changeLog(state: DashboardState, change: (log: LogState) => LogState): DashboardState {
  return state.log ? { ...state, log: change(state.log) } : state;
}
