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
  const { columns, rows, top, selected, width, height, palette } = props;
  // A column at either side, for the mark of the selected row.
  const placed = placeColumns(columns, rows, width - 2);
  const shown = rows.slice(top, top + height - 1);
  return (
    <Box flexDirection="column" height={height} width={width}>
      <Text wrap="truncate">{headerLine(placed, props)}</Text>
      {shown.map((row, offset) => (
        // By place, not by row: a line that stays where it is must not be laid out anew because the rows moved.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above.
        <Text key={offset} wrap="truncate">
          {rowLine(row, placed, top + offset === selected, props.now, palette, width)}
        </Text>
      ))}
    </Box>
  );
}

function headerLine<Row>(placed: readonly PlacedColumn<Row>[], props: TableProps<Row>): string {
  const cells = placed.map(({ column, index, width }) => {
    const isSorted = index === props.sortedBy;
    const arrow = props.isDescending ? "↓" : "↑";
    const text = toWidth(isSorted ? `${column.header}${arrow}` : column.header, width, column.align);
    return props.palette.paint(isSorted ? "strong" : "muted", text);
  });
  return ` ${cells.join(columnGap)}`;
}

function rowLine<Row>(
  row: Row,
  placed: readonly PlacedColumn<Row>[],
  isSelected: boolean,
  now: number,
  palette: Palette,
  lineWidth: number,
): string {
  const cells = placed.map(({ column, width }) => {
    const text = toWidth(safe(column.cell(row, now)), width, column.align);
    return isSelected ? text : palette.paint(column.tone?.(row) ?? "plain", text);
  });
  if (isSelected) return palette.selected(toWidth(`▸${cells.join(columnGap)}`, lineWidth));
  return ` ${cells.join(columnGap)}`;
}
