// What makes a view: its table, what a row is called, and which feeds it lives on.
import type { TableColumn } from "../../components/columns.ts";
import type { DashboardState, FeedName } from "../state.ts";

export interface View<Row> {
  title: string;
  columns: readonly TableColumn<Row>[];
  /** What keeps a row selected when it moves. */
  identity(row: Row): string;
  /** Undefined before there was an answer. */
  rows(state: DashboardState): readonly Row[] | undefined;
  feeds: readonly FeedName[];
  /** Said where there are no rows, and nothing is filtered. */
  empty: string;
}

/** Wide enough for `23h 59m`. */
export const duration = { width: 7, align: "right" } as const;
