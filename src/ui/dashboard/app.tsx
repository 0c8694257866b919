// The whole screen, from the state alone; keys go to whoever gave it the state.
import { Box, Text, useInput, usePaste } from "ink";
import { type ReactElement, useSyncExternalStore } from "react";
import { Table } from "../components/table.tsx";
import { safe, toWidth } from "../fit.ts";
import type { Palette } from "../palette.ts";
import { ConfirmationBox } from "./confirmation.tsx";
import { Detail } from "./detail.tsx";
import { Footer, MessageLine } from "./footer.tsx";
import { Header } from "./header.tsx";
import { Help } from "./help.tsx";
import { keyNames } from "./key-name.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { Logs } from "./logs.tsx";
import { Messages } from "./messages.tsx";
import { selectedIndex, shownRows } from "./rows.ts";
import type { DashboardState } from "./state.ts";
import type { Store } from "./store.ts";
import { Tabs } from "./tabs.tsx";
import { UsageChart } from "./usage-chart.tsx";
import { viewOf } from "./views.ts";

export interface AppProps {
  store: Pick<Store, "state" | "subscribe">;
  palette: Palette;
  /** Hears the keys that came at once, by the names that keyNames gives them. */
  onKeys(keys: readonly string[]): void;
  onPaste(text: string): void;
}

export function App({ store, palette, onKeys, onPaste }: AppProps): ReactElement {
  const state = useSyncExternalStore(store.subscribe, store.state);
  useInput((input, key) => onKeys(keyNames(input, key)));
  usePaste(onPaste);
  return <Screen state={state} palette={palette} />;
}

export function Screen({ state, palette }: { state: DashboardState; palette: Palette }): ReactElement {
  const { columns, rows } = state.size;
  const layout = layoutOf(state);
  return (
    // Nothing is clipped: every part draws exactly its lines, and clipping costs half of what drawing does.
    <Box flexDirection="column" width={columns} height={rows}>
      <Header state={state} palette={palette} />
      <Tabs state={state} palette={palette} />
      <Box height={layout.body} width={columns}>
        <Body state={state} palette={palette} layout={layout} />
        {state.confirmation && (
          <ConfirmationBox confirmation={state.confirmation} palette={palette} width={columns} height={layout.body} />
        )}
      </Box>
      <MessageLine state={state} palette={palette} />
      <Footer state={state} palette={palette} />
    </Box>
  );
}

function Body({ state, palette, layout }: { state: DashboardState; palette: Palette; layout: Layout }): ReactElement {
  const whole = { state, palette, width: layout.width, height: layout.body };
  if (state.isHelpOpen) return <Help {...whole} />;
  if (state.areMessagesOpen) return <Messages {...whole} />;
  if (state.log) return <Logs {...whole} log={state.log} />;
  const { detail } = layout;
  return (
    <>
      {(!detail || detail.isBeside) && (
        <Box flexDirection="column" width={layout.table.width}>
          {layout.chart > 0 && (
            <UsageChart
              usage={state.feeds.usage.data}
              palette={palette}
              width={layout.table.width}
              height={layout.chart}
            />
          )}
          <ViewTable state={state} palette={palette} {...layout.table} />
        </Box>
      )}
      {detail && <Detail state={state} palette={palette} {...detail} />}
    </>
  );
}

function ViewTable(props: { state: DashboardState; palette: Palette; width: number; height: number }): ReactElement {
  const { state, palette, width, height } = props;
  const view = viewOf(state.view);
  const rows = shownRows(state);
  if (rows.length === 0) return <Nothing {...props} />;
  const { top, sort } = state.tables[state.view];
  return (
    <Table
      columns={view.columns}
      rows={rows}
      selected={selectedIndex(state)}
      top={top}
      sortedBy={sort?.column ?? -1}
      isDescending={sort?.isDescending ?? false}
      width={width}
      height={height}
      now={state.now}
      palette={palette}
    />
  );
}

/** That nothing is known is not that nothing is there. */
function unread({ view, feeds }: DashboardState): string | undefined {
  const { data } = feeds.jobs;
  const [first] = data?.unseen ?? [];
  if (view !== "jobs" || data?.isWhole !== false || !first) return undefined;
  return safe(`Could not read ${first.what}: ${first.why}`);
}

/** Why there is nothing to see. */
function Nothing({ state, palette, width, height }: Parameters<typeof ViewTable>[0]): ReactElement {
  const view = viewOf(state.view);
  const all = view.rows(state);
  const failure = view.feeds.map((name) => state.feeds[name].failure).find((each) => each !== undefined);
  const text =
    all === undefined
      ? (failure?.message ?? "Asking …")
      : all.length > 0
        ? "No row has these words; esc clears the filter."
        : (unread(state) ?? view.empty);
  const left = Math.max(1, Math.floor((width - text.length) / 2));
  return (
    <Box height={height} width={width} paddingTop={Math.max(0, Math.floor(height / 2) - 1)}>
      <Text wrap="truncate">{" ".repeat(left) + palette.paint("muted", toWidth(text, width - left))}</Text>
    </Box>
  );
}
