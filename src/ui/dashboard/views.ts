// The four tables: what a row is called, what its columns show, and which feeds it lives on.
import { bar } from "../../lib/cli/charts.ts";
import { formatDuration } from "../../lib/cli/durations.ts";
import { formatDollars, formatResources } from "../../lib/cli/numbers.ts";
import type { DashboardRunner } from "../../lib/dashboard/source.ts";
import type { ListedDelivery } from "../../lib/operations/list-deliveries.ts";
import type { ListedJob } from "../../lib/operations/list-jobs.ts";
import type { UsageRow } from "../../lib/operations/usage.ts";
import type { TableColumn } from "../components/columns.ts";
import type { Tone } from "../palette.ts";
import type { DashboardState, FeedName, ViewName } from "./state.ts";

export interface View<Row> {
  title: string;
  columns: readonly TableColumn<Row>[];
  /** What keeps a row selected when it moves. */
  identity(row: Row): string;
  /** Undefined before there was an answer. */
  rows(state: DashboardState): readonly Row[] | undefined;
  feeds: readonly FeedName[];
  /** Said where there are no rows, and nothing is filtered. */
  empty: string;
}

/** Wide enough for `23h 59m`. */
const duration = { width: 7, align: "right" } as const;

const runnerLooks: Record<DashboardRunner["state"], [string, Tone]> = {
  busy: ["● busy", "good"],
  idle: ["○ idle", "plain"],
  starting: ["◌ starting", "wait"],
  ending: ["◍ ending", "muted"],
  unknown: ["? unknown", "wait"],
  unregistered: ["✗ unregistered", "bad"],
  "no-sandbox": ["✗ no Sandbox", "bad"],
};

const ageOf = (row: DashboardRunner, now: number) => (now === 0 ? 0 : now - Date.parse(row.createdAt));
const costOf = (row: DashboardRunner, now: number) =>
  row.dollarsPerHour === null ? null : (row.dollarsPerHour * Math.max(0, ageOf(row, now))) / 3_600_000;
const dollars = (value: number | null) => (value === null ? "" : formatDollars(value));

const runners: View<DashboardRunner> = {
  title: "Runners",
  identity: (row) => row.runner,
  rows: (state) => state.runners,
  feeds: ["sandboxes", "registrations"],
  empty: "The fleet has no runners at the moment.",
  columns: [
    {
      header: "STATE",
      cell: (row) => runnerLooks[row.state][0],
      tone: (row) => runnerLooks[row.state][1],
      sortBy: (row) => Object.keys(runnerLooks).indexOf(row.state),
      rank: 0,
    },
    { header: "RUNNER", cell: (row) => row.runner, min: 26, rank: 1 },
    { header: "POOL", cell: (row) => row.pool, min: 8, rank: 5 },
    { header: "REPOSITORY", cell: (row) => row.repository ?? "", min: 12, rank: 4, grows: true },
    { header: "JOB", cell: (row) => (row.job === 0 ? "-" : String(row.job)), sortBy: (row) => row.job, rank: 7 },
    {
      header: "RESOURCES",
      cell: (row) => (row.resources ? formatResources(row.resources) : ""),
      tone: () => "muted",
      rank: 8,
    },
    {
      ...duration,
      header: "AGE",
      cell: (row, now) => formatDuration(ageOf(row, now)),
      sortBy: (row) => -Date.parse(row.createdAt),
      rank: 2,
    },
    {
      ...duration,
      header: "IDLE",
      cell: (row, now) => (row.idleMs === null ? "" : formatDuration(ageOf(row, now))),
      sortBy: (row) => row.idleMs ?? -1,
      tone: () => "wait",
      rank: 9,
    },
    {
      header: "$/HOUR",
      cell: (row) => dollars(row.dollarsPerHour),
      sortBy: (row) => row.dollarsPerHour ?? -1,
      align: "right",
      rank: 6,
    },
    {
      header: "COST",
      cell: (row, now) => dollars(costOf(row, now)),
      sortBy: (row) => row.dollars ?? -1,
      width: 8,
      align: "right",
      rank: 3,
    },
    { header: "SANDBOX", cell: (row) => row.sandboxId ?? "", tone: () => "muted", min: 12, rank: 10 },
  ],
};

const good = new Set(["success", "neutral", "skipped"]);

function jobLooks({ state, conclusion }: ListedJob): [string, Tone] {
  if (state === "queued") return ["◇ queued", "wait"];
  if (state === "held") return ["◈ held", "wait"];
  if (state === "running") return ["● running", "good"];
  return good.has(conclusion ?? "") ? [`✓ ${conclusion}`, "muted"] : [`✗ ${conclusion ?? state}`, "bad"];
}

/** Put off comes right by itself; refused does not. */
export function decisionTone(reason: string): "wait" | "bad" | "plain" {
  if (reason.startsWith("defer:")) return "wait";
  return /^(refuse:|error|ignore:(no-|repository-))/.test(reason) ? "bad" : "plain";
}

/** Of what runs as it should, or is over, a decision says nothing to a person. */
const isTelling = ({ state, decision }: ListedJob) => decision !== null && (state === "queued" || state === "held");

const jobs: View<ListedJob> = {
  title: "Jobs",
  identity: (row) => `${row.job}/${row.attempt}`,
  rows: (state) => state.feeds.jobs.data?.jobs,
  feeds: ["jobs"],
  empty: "No job waits or runs, and none ended in the last quarter of an hour.",
  columns: [
    {
      header: "STATE",
      cell: (row) => jobLooks(row)[0],
      tone: (row) => jobLooks(row)[1],
      sortBy: (row) => ["queued", "held", "running", "finished"].indexOf(row.state),
      rank: 0,
    },
    { header: "NAME", cell: (row) => row.name, min: 14, rank: 1 },
    { header: "REPOSITORY", cell: (row) => row.repository, min: 10, rank: 5 },
    {
      ...duration,
      header: "WAIT",
      cell: (row, now) =>
        row.state === "queued" || row.state === "held"
          ? formatDuration(now - Date.parse(row.createdAt))
          : row.waitedMs === null
            ? ""
            : formatDuration(row.waitedMs),
      tone: (row) => (row.state === "queued" ? "strong" : "muted"),
      sortBy: (row) => row.waitedMs ?? -1,
      rank: 2,
    },
    {
      ...duration,
      header: "RAN",
      cell: (row, now) =>
        row.startedAt === null
          ? ""
          : formatDuration((row.completedAt === null ? now : Date.parse(row.completedAt)) - Date.parse(row.startedAt)),
      sortBy: (row) => row.ranMs ?? -1,
      rank: 4,
    },
    {
      header: "DECISION",
      cell: (row) => (isTelling(row) ? (row.decision ?? "") : ""),
      tone: (row) => decisionTone(row.decision ?? ""),
      rank: 3,
    },
    { header: "POOL", cell: (row) => row.pool ?? "", min: 8, rank: 7 },
    { header: "JOB", cell: (row) => String(row.job), sortBy: (row) => row.job, tone: () => "muted", rank: 8 },
    { header: "RUNNER", cell: (row) => row.runner ?? "", min: 26, rank: 9 },
    {
      header: "WHY",
      cell: (row) => (isTelling(row) ? (row.detail ?? "") : ""),
      tone: () => "muted",
      min: 20,
      rank: 6,
      grows: true,
    },
  ],
};

const deliveries: View<ListedDelivery> = {
  title: "Deliveries",
  identity: (row) => row.guid,
  rows: (state) => state.feeds.deliveries.data,
  feeds: ["deliveries"],
  empty: "GitHub has sent nothing within the last hour.",
  columns: [
    {
      ...duration,
      header: "AGE",
      cell: (row, now) => formatDuration(now === 0 ? 0 : now - Date.parse(row.deliveredAt)),
      sortBy: (row) => -Date.parse(row.deliveredAt),
      rank: 1,
    },
    {
      header: "STATUS",
      cell: (row) => `${row.isFailed ? "✗" : "✓"} ${row.statusCode}`,
      tone: (row) => (row.isFailed ? "bad" : "good"),
      sortBy: (row) => row.statusCode,
      rank: 0,
    },
    {
      header: "EVENT",
      cell: (row) => [row.event, row.action].filter((word) => word !== null).join("."),
      min: 24,
      rank: 2,
    },
    { header: "REPOSITORY", cell: (row) => row.repository ?? "", min: 10, rank: 3 },
    {
      header: "TOOK",
      cell: (row) => `${row.durationMs}ms`,
      sortBy: (row) => row.durationMs,
      align: "right",
      rank: 5,
    },
    {
      header: "SENT",
      cell: (row) => `${row.attempts}×`,
      sortBy: (row) => row.attempts,
      tone: (row) => (row.attempts > 1 ? "wait" : "muted"),
      align: "right",
      rank: 6,
    },
    { header: "ID", cell: (row) => row.id, tone: () => "muted", rank: 7 },
    { header: "FAILURE", cell: (row) => row.failure ?? "", tone: () => "bad", min: 10, rank: 4, grows: true },
  ],
};

const minutes = (value: number) => value.toFixed(value < 10 ? 1 : 0);
const shares = new WeakMap<UsageRow, number>();

const usage: View<UsageRow> = {
  title: "Usage",
  identity: (row) => row.name ?? "",
  rows: (state) => {
    const rows = state.feeds.usage.data?.rows[state.usageBy];
    // A share of the dearest: the bars' lengths.
    const most = Math.max(0, ...(rows ?? []).map((row) => row.dollars));
    for (const row of rows ?? []) shares.set(row, most === 0 ? 0 : row.dollars / most);
    return rows;
  },
  feeds: ["usage"],
  empty: "No runner ran within the last day.",
  columns: [
    { header: "NAME", cell: (row) => row.name ?? "", min: 14, rank: 0 },
    {
      header: "COST",
      cell: (row) => formatDollars(row.dollars),
      sortBy: (row) => row.dollars,
      tone: () => "strong",
      align: "right",
      rank: 1,
    },
    {
      header: "",
      cell: (row) => bar(shares.get(row) ?? 0, 24),
      sortBy: (row) => row.dollars,
      tone: () => "good",
      width: 24,
      rank: 3,
    },
    { header: "RUNNERS", cell: (row) => String(row.runners), sortBy: (row) => row.runners, align: "right", rank: 4 },
    {
      header: "MINUTES",
      cell: (row) => minutes(row.minutes),
      sortBy: (row) => row.minutes,
      align: "right",
      rank: 2,
    },
    {
      header: "GPU MIN",
      cell: (row) => (row.gpuMinutes > 0 ? minutes(row.gpuMinutes) : ""),
      sortBy: (row) => row.gpuMinutes,
      align: "right",
      rank: 5,
    },
    {
      header: "ON GITHUB",
      cell: (row) => (row.hostedDollars === null ? "none" : formatDollars(row.hostedDollars)),
      sortBy: (row) => row.hostedDollars ?? -1,
      tone: () => "muted",
      align: "right",
      rank: 6,
    },
  ],
};

/** The row types of the views. */
export interface ViewRows {
  runners: DashboardRunner;
  jobs: ListedJob;
  deliveries: ListedDelivery;
  usage: UsageRow;
}

export const views: { readonly [Name in ViewName]: View<ViewRows[Name]> } = { runners, jobs, deliveries, usage };

/** A view whose rows are nobody's business. */
export function viewOf(name: ViewName): View<unknown> {
  return views[name] as View<unknown>;
}
