// The fleet's runners as a table.
import { formatDuration } from "../cli/durations.ts";
import { formatDollars, formatResources } from "../cli/numbers.ts";
import type { OutputSide } from "../cli/streams.ts";
import { type Column, renderTable } from "../cli/table.ts";
import type { ListedRunner, RunnerState } from "./list-runners.ts";

const symbols: Record<RunnerState, string> = {
  starting: "◌ starting",
  idle: "○ idle",
  busy: "● busy",
  ending: "◍ ending",
  unregistered: "✗ unregistered",
  "no-sandbox": "✗ no Sandbox",
};

const columns: Column<ListedRunner>[] = [
  { header: "RUNNER", value: (row) => row.runner, shrinks: true },
  {
    header: "STATE",
    value: (row) => row.state,
    short: (row) => symbols[row.state],
    colour: (row, colours) => {
      if (row.state === "busy") return colours.green;
      return row.state === "unregistered" || row.state === "no-sandbox" ? colours.red : colours.yellow;
    },
  },
  { header: "POOL", value: (row) => row.pool, shrinks: true },
  { header: "JOB", value: (row) => (row.job === 0 ? "-" : String(row.job)) },
  { header: "REPOSITORY", value: (row) => row.repository ?? "", shrinks: true },
  {
    header: "RESOURCES",
    value: (row) => (row.resources ? formatResources(row.resources) : ""),
    shrinks: true,
    spare: true,
  },
  { header: "AGE", value: (row) => formatDuration(row.ageMs), align: "right" },
  {
    header: "IDLE",
    value: (row) => (row.idleMs === null ? "" : formatDuration(row.idleMs)),
    align: "right",
    spare: true,
  },
  { header: "COST", value: (row) => (row.dollars === null ? "" : formatDollars(row.dollars)), align: "right" },
  { header: "SANDBOX", value: (row) => row.sandboxId ?? "", shrinks: true, spare: true },
];

export function renderRunners(runners: readonly ListedRunner[], output: OutputSide): string {
  return renderTable(runners, columns, output);
}
