// Usage of the last day, with bars.
import { bar } from "../../../lib/cli/charts.ts";
import { formatDollars } from "../../../lib/cli/numbers.ts";
import type { UsageRow } from "../../../lib/operations/usage.ts";
import type { View } from "./view.ts";

const minutes = (value: number) => value.toFixed(value < 10 ? 1 : 0);
const shares = new WeakMap<UsageRow, number>();

export const usage: View<UsageRow> = {
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
