// What reconcile and prune found and did, as a table.
import type { OutputSide } from "../cli/streams.ts";
import { type Column, renderTable } from "../cli/table.ts";
import type { ReconciledItem } from "./reconcile-fleet.ts";

const columns: Column<ReconciledItem>[] = [
  {
    header: "REASON",
    value: (item) => item.reason,
    colour: (item, colours) => (item.done === false ? colours.yellow : colours.bold),
  },
  { header: "JOB", value: (item) => (item.job ? String(item.job) : "") },
  { header: "RUNNER", value: (item) => item.runner ?? "", shrinks: true },
  { header: "DETAIL", value: (item) => item.detail, shrinks: true },
];

export function renderReconciled(items: readonly ReconciledItem[], output: OutputSide): string {
  return renderTable(items, columns, output);
}
