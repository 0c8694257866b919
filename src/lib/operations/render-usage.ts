// Usage as a table with bars, or as CSV.
import { bar } from "../cli/charts.ts";
import { formatDollars } from "../cli/numbers.ts";
import type { OutputSide } from "../cli/streams.ts";
import { type Column, renderTable } from "../cli/table.ts";
import type { Usage, UsageRow } from "./usage.ts";

const barWidth = 12;

const number = (value: number) => value.toFixed(value < 10 ? 1 : 0);

export function renderUsage({ rows, total, by }: Usage, output: OutputSide): string {
  if (rows.length === 0) return "";
  const most = Math.max(...rows.map(({ dollars }) => dollars));
  const columns: Column<UsageRow>[] = [
    { header: by.toUpperCase(), value: (row) => row.name ?? "total", shrinks: true },
    { header: "RUNNERS", value: (row) => String(row.runners), align: "right" },
    { header: "MINUTES", value: (row) => number(row.minutes), align: "right" },
    { header: "GPU MIN", value: (row) => (row.gpuMinutes > 0 ? number(row.gpuMinutes) : ""), align: "right" },
    {
      header: "COST",
      value: (row) => formatDollars(row.dollars),
      align: "right",
      colour: (_, colours) => colours.bold,
    },
    {
      header: "ON GITHUB",
      value: (row) => (row.hostedDollars === null ? "none" : formatDollars(row.hostedDollars)),
      align: "right",
    },
  ];
  const share: Column<UsageRow> = {
    header: "",
    value: (row) => (row.name === null || most === 0 ? "" : bar(row.dollars / most, barWidth)),
    colour: (_, colours) => colours.cyan,
  };
  return renderTable([...rows, total], output.isTTY ? [...columns, share] : columns, output);
}

/** Comma-separated with a header, as RFC 4180 has it; to the millionth, and no row for the sum. */
export function usageCsv({ rows, by }: Usage): string {
  const header = [by, "runners", "minutes", "gpu_minutes", "dollars", "github_hosted_dollars"];
  const lines = rows.map((row) => [
    row.name ?? "",
    row.runners,
    row.minutes,
    row.gpuMinutes,
    row.dollars,
    row.hostedDollars ?? "",
  ]);
  return [header, ...lines].map((line) => line.map(csvCell).join(",")).join("\n");
}

function csvCell(value: string | number): string {
  const text = typeof value === "number" ? String(Math.round(value * 1e6) / 1e6) : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
