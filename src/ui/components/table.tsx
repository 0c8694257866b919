// A table of which only the rows on the screen are made: a thousand cost no more than twenty.
import { Box, Text } from "ink";
import type { ReactElement } from "react";
import { safe, toWidth } from "../fit.ts";
import type { Palette } from "../palette.ts";
import { columnGap, type PlacedColumn, placeColumns, type TableColumn } from "./columns.ts";

export interface TableProps<Row> {
  columns: readonly TableColumn<Row>[];
  /** All rows, in the order to show. */
  rows: readonly Row[];
  /** Which of them is selected; -1 for none. */
  selected: number;
  /** The first one on the screen. */
  top: number;
  /** Index of the column that the rows are sorted by; -1 for none. */
  sortedBy: number;
  isDescending: boolean;
  width: number;
  /** Lines, the header's among them. */
  height: number;
  now: number;
  palette: Palette;
}

export function Table<Row>(props: TableProps<Row>): ReactElement {
  const { columns, rows, top, width, height } = props;
  // A column at either side, for the mark of the selected row.
  const placed = placeColumns(columns, rows, width - 2);
  const shown = rows.slice(top, top + height - 1);
  const leadWidth = Math.min(width, 1 + (placed[0]?.width ?? 0) + columnGap.length);
  const lines = [headerLine(placed, props), ...shown.map((row, offset) => rowLine(row, placed, top + offset, props))];
  // In two blocks, not line by line: symbols, which the first column has, are slow to measure, and make all slow that
  // stands beside them.
  return (
    <Box height={height} width={width}>
      <Box width={leadWidth}>
        <Text wrap="truncate">{lines.map(({ lead }) => lead).join("\n")}</Text>
      </Box>
      <Box width={width - leadWidth}>
        <Text wrap="truncate">{lines.map(({ rest }) => rest).join("\n")}</Text>
      </Box>
    </Box>
  );
}

/** The mark and the first column; the other columns. */
interface Line {
  lead: string;
  rest: string;
}

function headerLine<Row>(placed: readonly PlacedColumn<Row>[], props: TableProps<Row>): Line {
  const [first = "", ...others] = placed.map(({ column, index, width }) => {
    const isSorted = index === props.sortedBy;
    const arrow = props.isDescending ? "↓" : "↑";
    const text = toWidth(isSorted ? `${column.header}${arrow}` : column.header, width, column.align);
    return props.palette.paint(isSorted ? "strong" : "muted", text);
  });
  return { lead: ` ${first}`, rest: others.join(columnGap) };
}

function rowLine<Row>(
  row: Row,
  placed: readonly PlacedColumn<Row>[],
  index: number,
  { selected, now, palette, width: lineWidth }: TableProps<Row>,
): Line {
  const isSelected = index === selected;
  const cells = placed.map(({ column, width }, place) => {
    const text = toWidth(safe(column.cell(row, now)), width, column.align);
    if (isSelected) return text;
    // Blanks at the end of a line show nothing, and cost as much to draw as letters.
    return palette.paint(column.tone?.(row) ?? "plain", place === placed.length - 1 ? text.trimEnd() : text);
  });
  const [first = "", ...others] = cells;
  if (!isSelected) return { lead: ` ${first}`, rest: others.join(columnGap) };
  const lead = `▸${first}${columnGap}`;
  const rest = toWidth(others.join(columnGap), lineWidth - lead.length);
  return { lead: palette.selected(lead), rest: palette.selected(rest) };
}
