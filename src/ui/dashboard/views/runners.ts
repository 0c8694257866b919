// Runners: what each does, for which job, since when, at what cost.
import { formatDuration } from "../../../lib/cli/durations.ts";
import { formatDollars, formatResources } from "../../../lib/cli/numbers.ts";
import type { DashboardRunner } from "../../../lib/dashboard/source.ts";
import type { Tone } from "../../palette.ts";
import { duration, type View } from "./view.ts";

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

export const runners: View<DashboardRunner> = {
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
    {
      header: "JOB",
      cell: (row) => (row.job !== 0 ? String(row.job) : row.state === "busy" ? "?" : "-"),
      sortBy: (row) => row.job,
      rank: 7,
    },
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
