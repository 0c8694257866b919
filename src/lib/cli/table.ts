// Lists as plain tables: aligned, coloured and cut to the width on a terminal; tab-separated full words for a pipe.
import type { Colours } from "./colours.ts";
import type { OutputSide } from "./streams.ts";
import { displayWidth, plainText, truncate } from "./text.ts";

export interface Column<Row> {
  /** Shown on a terminal only. */
  header: string;
  /** The cell in full words, for pipes, and for terminals unless `short` is given. */
  value: (row: Row) => string;
  /** The cell on a terminal, where a symbol or abbreviation says it better. */
  short?: (row: Row) => string;
  /** Colours the cell on a terminal. */
  colour?: (row: Row, colours: Colours) => (text: string) => string;
  align?: "left" | "right";
  /** May be cut where the terminal is too narrow; the widest such column is cut first. */
  shrinks?: boolean;
  /** Left out where the terminal is too narrow for all, the last such column first, before anything is cut. */
  spare?: boolean;
}

const gap = "  ";
const smallest = 6;

/**
 * The lines of a table, without a line feed at the end. Cells are made safe (plainText).
 * @returns an empty string for no rows: say on stderr that there are none, and end with exit code 0.
 */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], output: OutputSide): string {
  if (rows.length === 0) return "";
  if (!output.isTTY) return rows.map((row) => columns.map((c) => plainText(c.value(row))).join("\t")).join("\n");

  const spare = columns.findLastIndex((column) => column.spare);
  const cells = rows.map((row) => columns.map((c) => plainText((c.short ?? c.value)(row))));
  const natural = columns.map((c, i) =>
    Math.max(displayWidth(c.header), ...cells.map((line) => displayWidth(line[i]!))),
  );
  if (spare >= 0 && lineWidth(natural) > output.width) return renderTable(rows, columns.toSpliced(spare, 1), output);
  const widths = fitWidths(natural, columns, output.width);
  const line = (texts: readonly string[], paint: (text: string, column: number) => string) =>
    texts
      .map((text, i) => {
        const cut = truncate(text, widths[i]!);
        const padding = " ".repeat(Math.max(0, widths[i]! - displayWidth(cut)));
        const painted = paint(cut, i);
        if (columns[i]!.align === "right") return padding + painted;
        return i === columns.length - 1 ? painted : painted + padding;
      })
      .join(gap)
      .trimEnd();
  return [
    line(
      columns.map((c) => c.header),
      (text) => output.colours.dim(text),
    ),
    ...cells.map((texts, row) =>
      line(texts, (text, i) => columns[i]!.colour?.(rows[row]!, output.colours)(text) ?? text),
    ),
  ].join("\n");
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1));
}

/** Takes columns away from the widest cells that may shrink until the line fits, or none can shrink any more. */
function fitWidths<Row>(natural: readonly number[], columns: readonly Column<Row>[], width: number): number[] {
  const widths = [...natural];
  let excess = lineWidth(widths) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [i, w] of widths.entries()) {
      if (columns[i]!.shrinks && w > smallest && (widest < 0 || w > widths[widest]!)) widest = i;
    }
    if (widest < 0) break;
    widths[widest]! -= 1;
    excess -= 1;
  }
  return widths;
}
