// Everything that a dashboard's screen depends on, in one value. What changes it is in reduce.ts; what is drawn of it, in
// the components.
import type {
  DashboardJobs,
  DashboardRunner,
  DashboardUsage,
  LogLine,
  RateBudget,
} from "../../lib/dashboard/source.ts";
import type { FleetSandbox, Registration } from "../../lib/fleet/snapshot.ts";
import type { ListedDelivery } from "../../lib/operations/list-deliveries.ts";

export const viewNames = ["runners", "jobs", "deliveries", "usage"] as const;
export type ViewName = (typeof viewNames)[number];

/** What is asked for again and again, each at its own pace, and what it answers. */
export interface FeedData {
  sandboxes: readonly FleetSandbox[];
  registrations: readonly Registration[];
  jobs: DashboardJobs;
  deliveries: readonly ListedDelivery[];
  usage: DashboardUsage;
  rate: RateBudget | null;
}
export type FeedName = keyof FeedData;

export interface Failure {
  since: number;
  /** Of explainError. */
  code: string;
  message: string;
  nextTryAt: number;
}

export interface Feed<T> {
  /** The last answer; undefined before the first. */
  data: T | undefined;
  /** When it was asked for, and when it came; milliseconds since the epoch, as all times here. */
  askedAt: number | undefined;
  at: number | undefined;
  /** Why there is none since then; undefined while it is answered. */
  failure: Failure | undefined;
}
export type Feeds = { readonly [Name in FeedName]: Feed<FeedData[Name]> };

export interface TableState {
  /** Identity of the selected row: it stays selected wherever the row moves. */
  selected: string | undefined;
  /** Where that row was last: what takes its place is selected once it is gone. */
  index: number;
  /** The first row on the screen. */
  top: number;
  sort: { column: number; isDescending: boolean } | undefined;
  filter: string;
}

export type Level = "info" | "good" | "warning" | "error";

export interface Message {
  id: number;
  at: number;
  level: Level;
  text: string;
  /** Only for the list of messages: the screen says it in another place already. */
  isQuiet: boolean;
}

/** A question that must be answered before anything else. */
export interface Confirmation {
  question: string;
  /** What is hit, a line each. */
  lines: readonly string[];
  /** What is done on a yes. */
  deed: Deed;
}

/** What can be done to a fleet. */
export type Deed =
  | { kind: "kill"; runner: string; agreedJob: number | null }
  | { kind: "spawn"; job: number }
  | { kind: "redeliver"; id: string }
  | { kind: "reconcile" };

export interface LogState {
  /** What the log is of: a job's id or a runner's name. */
  reference: string;
  title: string;
  lines: readonly LogLine[];
  /** How many lines before these were dropped. */
  dropped: number;
  /** Lines above the last one on the screen that the view is scrolled up; 0 is the end. */
  up: number;
  isFollowing: boolean;
  isWrapped: boolean;
  search: string;
  status: "waiting" | "live" | "ended" | "failed";
  /** What went wrong. */
  failure: string | undefined;
}

/** The story of one row, as `explain` tells it. */
export interface Story {
  /** Identity of the row, with its view. */
  of: string;
  at: number;
  isLoading: boolean;
  lines: readonly StoryLine[];
}

export interface StoryLine {
  text: string;
  /** Where its further lines begin when it is wrapped; as far in as the first where absent. */
  hang?: number;
  tone: "plain" | "strong" | "muted" | "good" | "wait" | "bad";
}

/** Text that is being typed, and what it is for. */
export interface Typing {
  purpose: "filter" | "search";
  text: string;
}

export interface DashboardState {
  fleet: string;
  owner: string;
  isReadOnly: boolean;
  now: number;
  size: { columns: number; rows: number };
  view: ViewName;
  tables: { readonly [View in ViewName]: TableState };
  feeds: Feeds;
  /** Joined from the Sandboxes and the registrations; undefined before either came. */
  runners: readonly DashboardRunner[] | undefined;
  usageBy: "repo" | "pool" | "job";
  isDetailOpen: boolean;
  /** Lines that the detail is scrolled down. */
  detailTop: number;
  story: Story | undefined;
  isHelpOpen: boolean;
  areMessagesOpen: boolean;
  /** Lines that the overlay is scrolled down. */
  overlayTop: number;
  log: LogState | undefined;
  typing: Typing | undefined;
  confirmation: Confirmation | undefined;
  messages: readonly Message[];
  /** What is being done at this moment, in words. */
  underWay: readonly { id: number; text: string; since: number }[];
}

/** How long a message stays on the screen. */
export const messageMs: Record<Level, number> = { info: 5_000, good: 6_000, warning: 10_000, error: 15_000 };

const noFeed = { data: undefined, askedAt: undefined, at: undefined, failure: undefined };
const newTable: TableState = { selected: undefined, index: 0, top: 0, sort: undefined, filter: "" };

export function initialState(options: {
  fleet: string;
  owner: string;
  isReadOnly: boolean;
  now: number;
  size: { columns: number; rows: number };
}): DashboardState {
  return {
    ...options,
    view: "runners",
    tables: { runners: newTable, jobs: newTable, deliveries: newTable, usage: newTable },
    feeds: {
      sandboxes: noFeed,
      registrations: noFeed,
      jobs: noFeed,
      deliveries: noFeed,
      usage: noFeed,
      rate: noFeed,
    },
    runners: undefined,
    usageBy: "repo",
    isDetailOpen: false,
    detailTop: 0,
    story: undefined,
    isHelpOpen: false,
    areMessagesOpen: false,
    overlayTop: 0,
    log: undefined,
    typing: undefined,
    confirmation: undefined,
    messages: [],
    underWay: [],
  };
}
