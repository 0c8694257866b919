// Moving about in a table: the selected row, what of the table is on the screen, its order.
import { pageOf } from "./layout.ts";
import { selectedIndex, shownRows } from "./rows.ts";
import type { DashboardState, TableState, ViewName } from "./state.ts";
import { viewOf } from "./views.ts";

export function withTable(state: DashboardState, name: ViewName, change: Partial<TableState>): DashboardState {
  return { ...state, tables: { ...state.tables, [name]: { ...state.tables[name], ...change } } };
}

/** Selects the row at an index, as near as there is one, and brings it onto the screen. */
export function select(state: DashboardState, index: number, name: ViewName = state.view): DashboardState {
  const rows = shownRows(state, name);
  const table = state.tables[name];
  if (rows.length === 0) return table.top === 0 ? state : withTable(state, name, { top: 0 });
  const chosen = Math.min(rows.length - 1, Math.max(0, index));
  const selected = viewOf(name).identity(rows[chosen]);
  const page = pageOf({ ...state, view: name });
  const lastTop = Math.max(0, rows.length - page);
  const top = Math.min(lastTop, Math.max(Math.min(table.top, chosen), chosen - page + 1));
  if (selected === table.selected && chosen === table.index && top === table.top) return state;
  const isOther = selected !== table.selected;
  return { ...withTable(state, name, { selected, index: chosen, top }), ...(isOther && { detailTop: 0 }) };
}

/** After rows came, went or moved: the same row is selected; if it is gone, the one that took its place. */
export function settle(state: DashboardState, name: ViewName = state.view): DashboardState {
  const index = selectedIndex(state, name);
  return select(state, index >= 0 ? index : state.tables[name].index, name);
}

/** The next column to sort by, and none after the last. */
export function sortByNext(state: DashboardState): DashboardState {
  const { columns } = viewOf(state.view);
  const { sort } = state.tables[state.view];
  let column = (sort?.column ?? -1) + 1;
  while (columns[column]?.header === "") column++;
  const found = columns[column];
  // Of numbers the greatest are asked for first.
  const next = found && { column, isDescending: found.align === "right" };
  return settle(withTable(state, state.view, { sort: next }));
}

export function reverseSort(state: DashboardState): DashboardState {
  const { sort } = state.tables[state.view];
  if (!sort) return sortByNext(state);
  return settle(withTable(state, state.view, { sort: { ...sort, isDescending: !sort.isDescending } }));
}
