// The line between header and table: which view it is, what it is filtered and ordered by, how old it is.
import { Text } from "ink";
import type { ReactElement } from "react";
import { displayWidth, truncate } from "../../lib/cli/text.ts";
import { safe } from "../fit.ts";
import type { Palette } from "../palette.ts";
import { stalest } from "./health.ts";
import { selectedIndex, shownRows } from "./rows.ts";
import { type DashboardState, viewNames } from "./state.ts";
import { viewOf } from "./views.ts";

export function Tabs({ state, palette }: { state: DashboardState; palette: Palette }): ReactElement {
  const tabs = viewNames.map((name, index) => {
    const view = viewOf(name);
    const rows = view.rows(state);
    const isCounted = name !== "usage" && rows !== undefined;
    const text = ` ${index + 1} ${view.title}${isCounted ? ` ${rows.length}` : ""} `;
    return { text, painted: name === state.view ? palette.selected(text) : text };
  });
  const left = tabs.reduce((sum, { text }) => sum + text.length + 1, 1);
  const right = truncate(describe(state), Math.max(0, state.size.columns - left - 4));
  const line = "─".repeat(Math.max(0, state.size.columns - left - displayWidth(right) - (right === "" ? 0 : 3)));
  const isStale = stalest(viewOf(state.view).feeds, state.feeds) !== undefined;
  const end = right === "" ? "" : ` ${palette.paint(isStale ? "wait" : "muted", right)} ${palette.paint("muted", "─")}`;
  return (
    <Text wrap="truncate">
      {`${palette.paint("muted", "─")}${tabs.map(({ painted }) => painted).join(palette.paint("muted", "─"))}${palette.paint("muted", `─${line}`)}${end}`}
    </Text>
  );
}

function describe(state: DashboardState): string {
  const view = viewOf(state.view);
  const { filter, sort } = state.tables[state.view];
  const all = view.rows(state)?.length ?? 0;
  const shown = shownRows(state).length;
  const column = sort && view.columns[sort.column];
  const old = stalest(view.feeds, state.feeds);
  return [
    ...(old?.at === undefined ? [] : [`stale, of ${new Date(old.at).toISOString().slice(11, 19)}`]),
    ...(state.view === "usage" ? [`24 h by ${state.usageBy === "repo" ? "repository" : state.usageBy}`] : []),
    ...(column ? [`by ${column.header.toLowerCase()} ${sort.isDescending ? "↓" : "↑"}`] : []),
    ...(filter === "" ? [] : [`/${safe(filter)}`]),
    ...(shown === all ? [] : [`${shown} of ${all}`]),
    ...(all > 0 ? [`${selectedIndex(state) + 1}/${shown}`] : []),
  ].join("  ");
}
