// Where what goes on the screen: pure arithmetic of its size.
import type { DashboardState } from "./state.ts";

/** Fewer columns than this have no room for anything beside a table. */
const wideFrom = 130;
/** Lines of the header, the tabs, the message and the keys. */
export const headerLines = 2;
const chrome = headerLines + 3;

export interface Layout {
  width: number;
  /** Lines between the tabs and the message. */
  body: number;
  table: { width: number; height: number };
  /** Undefined where none is open. */
  detail: { width: number; height: number; isBeside: boolean } | undefined;
  /** Lines of the chart above the usage table. */
  chart: number;
}

export function layoutOf(state: Pick<DashboardState, "size" | "isDetailOpen" | "view">): Layout {
  const { columns, rows } = state.size;
  const body = Math.max(3, rows - chrome);
  const isUsage = state.view === "usage";
  const chart = isUsage ? (body >= 14 ? Math.min(14, Math.floor(body / 3)) : 0) : 0;
  const isBeside = columns >= wideFrom;
  const hasDetail = state.isDetailOpen && !isUsage;
  // A story needs words, a table needs columns.
  const detailWidth = isBeside ? Math.min(90, Math.floor(columns * 0.42)) : columns;
  return {
    width: columns,
    body,
    table: { width: hasDetail && isBeside ? columns - detailWidth : columns, height: body - chart },
    detail: hasDetail ? { width: detailWidth, height: body, isBeside } : undefined,
    chart,
  };
}

/** Rows of the table on one screen: its height without its header. */
export function pageOf(state: Pick<DashboardState, "size" | "isDetailOpen" | "view">): number {
  return Math.max(1, layoutOf(state).table.height - 1);
}
