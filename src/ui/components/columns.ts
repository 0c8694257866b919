// Which columns of a table fit a screen, and how wide each is. Pure, and quick for a thousand rows: what a column needs is
// measured once for each list of rows.
import { displayWidth } from "../../lib/cli/text.ts";
import { safe } from "../fit.ts";
import type { Tone } from "../palette.ts";

export interface TableColumn<Row> {
  header: string;
  /** The cell's text; made safe by the table. @param now milliseconds since the epoch */
  cell(row: Row, now: number): string;
  tone?(row: Row): Tone;
  align?: "left" | "right";
  /** What a table is sorted by for it: numbers, or text. Absent: by the cell. */
  sortBy?(row: Row): number | string;
  /** May be cut down to so many columns; absent: never cut. */
  min?: number;
  /** Takes so many columns whatever is in it: for what changes all the time. */
  width?: number;
  /** Left out first: the highest. 0 is always there. */
  rank: number;
  /** Takes what is left over. */
  grows?: boolean;
}

export interface PlacedColumn<Row> {
  column: TableColumn<Row>;
  /** Where it is in the list of all columns. */
  index: number;
  width: number;
}

const gap = 2;
const widest = 48;

const measured = new WeakMap<readonly unknown[], Map<unknown, number>>();

/** The widest cell of a column. */
function natural<Row>(column: TableColumn<Row>, rows: readonly Row[]): number {
  if (column.width !== undefined) return column.width;
  const known = measured.get(rows) ?? new Map<unknown, number>();
  measured.set(rows, known);
  let width = known.get(column);
  if (width === undefined) {
    width = displayWidth(column.header) + 1;
    for (const row of rows) width = Math.max(width, displayWidth(safe(column.cell(row, 0))));
    known.set(column, width);
  }
  return Math.min(width, widest);
}

/** Leaves columns out, the highest rank first, until the rest fits with each at its least; then shares out what is left. */
export function placeColumns<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  available: number,
): PlacedColumn<Row>[] {
  let placed = columns.map((column, index) => {
    const wanted = natural(column, rows);
    return { column, index, wanted, least: Math.min(wanted, column.min ?? wanted) };
  });
  const sum = (of: readonly { least: number }[]) =>
    of.reduce((total, { least }) => total + least, gap * (of.length - 1));
  while (placed.length > 1 && sum(placed) > available) {
    const last = placed.reduce((a, b) => (b.column.rank > a.column.rank ? b : a));
    if (last.column.rank === 0) break;
    placed = placed.filter((each) => each !== last);
  }
  let left = available - sum(placed);
  const widths = placed.map(({ least }) => least);
  // Evenly, so that none gets all it wants while another is cut to its least.
  for (let isGiven = true; left > 0 && isGiven; ) {
    isGiven = false;
    for (const [i, { wanted }] of placed.entries()) {
      if (left > 0 && widths[i]! < wanted) {
        widths[i]! += 1;
        left -= 1;
        isGiven = true;
      }
    }
  }
  const growing = placed.findIndex(({ column }) => column.grows);
  if (growing >= 0 && left > 0) widths[growing]! += left;
  return placed.map(({ column, index }, i) => ({ column, index, width: Math.max(1, widths[i]!) }));
}

export const columnGap = " ".repeat(gap);
