// Deliveries: what GitHub told the controller, and whether it came through.
import { formatDuration } from "../../../lib/cli/durations.ts";
import type { ListedDelivery } from "../../../lib/operations/list-deliveries.ts";
import { duration, type View } from "./view.ts";

export const deliveries: View<ListedDelivery> = {
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
