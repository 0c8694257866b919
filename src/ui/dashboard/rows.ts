// The rows of a view as they are shown: filtered and sorted. Worked out once for each change of what they come from.
import type { DashboardState, TableState, ViewName } from "./state.ts";
import type { View } from "./views/view.ts";
import { viewOf } from "./views.ts";

interface Shown {
  filter: string;
  sort: TableState["sort"];
  rows: readonly unknown[];
}

const lastShown = new WeakMap<readonly unknown[], Shown>();
const none: readonly unknown[] = [];

/** All rows of a view that its filter lets pass, in its order. */
export function shownRows(state: DashboardState, name: ViewName = state.view): readonly unknown[] {
  const view = viewOf(name);
  const all = view.rows(state) ?? none;
  const { filter, sort } = state.tables[name];
  // What is being typed filters at once.
  const text = name === state.view && state.typing?.purpose === "filter" ? state.typing.text : filter;
  const known = lastShown.get(all);
  if (known?.filter === text && known.sort === sort) return known.rows;
  const rows = sorted(filtered(all, text, view), sort, view);
  if (all !== none) lastShown.set(all, { filter: text, sort, rows });
  return rows;
}

/** Index of the selected row; -1 where there is none. */
export function selectedIndex(state: DashboardState, name: ViewName = state.view): number {
  const { selected } = state.tables[name];
  const view = viewOf(name);
  return selected === undefined ? -1 : shownRows(state, name).findIndex((row) => view.identity(row) === selected);
}

export function selectedRow(state: DashboardState, name: ViewName = state.view): unknown {
  return shownRows(state, name)[selectedIndex(state, name)];
}

/** Words that must all be in a row, in any column; `!word` must not. */
export function filtered(rows: readonly unknown[], filter: string, view: View<unknown>): readonly unknown[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "" && word !== "!");
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = [view.identity(row), ...view.columns.map((column) => column.cell(row, 0))].join("\n").toLowerCase();
    return words.every((word) => (word.startsWith("!") ? !text.includes(word.slice(1)) : text.includes(word)));
  });
}

/** Rows that are equal in that column stay in the order they came in. */
export function sorted(rows: readonly unknown[], sort: TableState["sort"], view: View<unknown>): readonly unknown[] {
  const column = sort && view.columns[sort.column];
  if (!column) return rows;
  const keyed = rows.map((row) => ({ row, key: column.sortBy?.(row) ?? column.cell(row, 0) }));
  const sign = sort.isDescending ? -1 : 1;
  keyed.sort((a, b) => {
    if (typeof a.key === "number" && typeof b.key === "number") return sign * (a.key - b.key);
    return sign * collator.compare(String(a.key), String(b.key));
  });
  return keyed.map(({ row }) => row);
}

/** Numbers within names by their value: cpu-9 before cpu-10. */
const collator = new Intl.Collator("en", { numeric: true });
