// The last day above the usage table: runners at a time and dollars an hour, a column for each half hour.
import { Box, Text } from "ink";
import type { ReactElement } from "react";
import { columnChart } from "../../lib/cli/charts.ts";
import { formatDollars } from "../../lib/cli/numbers.ts";
import type { DashboardUsage } from "../../lib/dashboard/source.ts";
import { toWidth } from "../fit.ts";
import type { Palette } from "../palette.ts";

export function UsageChart(props: {
  usage: DashboardUsage | undefined;
  palette: Palette;
  width: number;
  height: number;
}): ReactElement {
  const { usage, palette, width, height } = props;
  const series = usage?.series ?? [];
  const isBeside = width >= 130;
  const chartWidth = isBeside ? Math.floor(width / 2) : width;
  const perHour = series.map(({ dollars }) => dollars * 2);
  const runners = series.map((span) => span.runners);
  const charts = [
    chartLines("Cost", perHour, (value) => `${formatDollars(value)}/h`, series, { palette, width: chartWidth, height }),
    chartLines("Runners", runners, (value) => value.toFixed(1), series, { palette, width: chartWidth, height }),
  ];
  return (
    <Box flexDirection="row" height={height} width={width}>
      {charts.slice(0, isBeside ? 2 : 1).map((lines, chart) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two charts, always the same.
        <Box key={chart} flexDirection="column" width={chartWidth}>
          {lines.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place.
            <Text key={index} wrap="truncate">
              {line}
            </Text>
          ))}
        </Box>
      ))}
    </Box>
  );
}

const axisWidth = 10;

function chartLines(
  name: string,
  values: readonly number[],
  format: (value: number) => string,
  series: DashboardUsage["series"],
  { palette, width, height }: { palette: Palette; width: number; height: number },
): string[] {
  const columns = Math.max(values.length, width - axisWidth - 4);
  // Stretched over what room there is, so that some are a character wider than others.
  const stretched = Array.from({ length: columns }, (_, at) => values[Math.floor((at * values.length) / columns)] ?? 0);
  const rows = columnChart(stretched, Math.max(1, height - 3));
  const most = Math.max(0, ...values);
  const labels = new Map([
    [0, format(most)],
    [rows.length - 1, "0"],
  ]);
  const title = ` ${palette.paint("strong", name)} ${palette.paint("muted", "over the last 24 hours, UTC")}`;
  const chart = rows.map((row, index) => {
    const label = palette.paint("muted", toWidth(labels.get(index) ?? "", axisWidth, "right"));
    return `${label} ${palette.paint("good", row)}`;
  });
  return [
    title,
    ...chart,
    palette.paint("muted", `${" ".repeat(axisWidth + 1)}${hours(series, columns / Math.max(1, values.length))}`),
    "",
  ];
}

/** A label every six hours, where its column begins. */
function hours(series: DashboardUsage["series"], columnWidth: number): string {
  let line = "";
  for (const [index, { from }] of series.entries()) {
    const date = new Date(from);
    const isMarked = date.getUTCHours() % 6 === 0 && date.getUTCMinutes() === 0;
    const at = Math.ceil(index * columnWidth);
    if (isMarked && at >= line.length) line = `${line.padEnd(at)}${date.toISOString().slice(11, 16)}`;
  }
  return line;
}
