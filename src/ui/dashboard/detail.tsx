// Everything about the selected row: its facts, and the story behind them.
import { Box, Text } from "ink";
import type { ReactElement } from "react";
import { safe, toWidth, wrapWords } from "../fit.ts";
import type { Palette, Tone } from "../palette.ts";
import { selectedRow } from "./rows.ts";
import type { DashboardState, StoryLine } from "./state.ts";
import { viewOf } from "./views.ts";

export function Detail(props: {
  state: DashboardState;
  palette: Palette;
  width: number;
  height: number;
  isBeside: boolean;
}): ReactElement {
  const { state, palette, width, height, isBeside } = props;
  const edge = isBeside ? `${palette.paint("muted", "│")} ` : " ";
  const lines = detailLines(state, detailTextWidth(props));
  const top = Math.min(state.detailTop, Math.max(0, lines.length - height));
  const below = lines.length - top - height;
  const shown =
    below > 0 ? [...lines.slice(top, top + height - 1), moreLine(below + 1)] : lines.slice(top, top + height);
  // The edge goes down to the bottom, whatever is beside it.
  const blanks = isBeside
    ? Array.from({ length: height - shown.length }, () => ({ text: "", tone: "plain" as const }))
    : [];
  return (
    <Box flexDirection="column" width={width} height={height}>
      {[...shown, ...blanks].map(({ text, tone }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place.
        <Text key={index} wrap="truncate">
          {edge + palette.paint(tone, text)}
        </Text>
      ))}
    </Box>
  );
}

/** Columns for its text, between its edges. */
export function detailTextWidth({ width, isBeside }: { width: number; isBeside: boolean }): number {
  return width - (isBeside ? 3 : 2);
}

function moreLine(count: number): Line {
  return { text: `… ${count} more ${count === 1 ? "line" : "lines"}: PgDn`, tone: "muted" };
}

interface Line {
  text: string;
  tone: Tone;
}

function wrapStory({ text, tone, hang }: StoryLine, width: number): Line[] {
  const indent = /^ */.exec(text)?.[0].length ?? 0;
  // On a narrow screen there is no room to hang anything under.
  const margin = hang === undefined || hang > width / 2 ? indent : hang;
  // What stands before the margin has blanks of its own, which wrapping would take for ends of words.
  const lead = text.slice(0, margin);
  return wrapWords(safe(text.slice(margin)), width - margin).map((line, index) => ({
    text: (index === 0 ? lead : " ".repeat(margin)) + line,
    tone,
  }));
}

/** What there is to tell of the selected row, wrapped to a width. */
export function detailLines(state: DashboardState, width: number): Line[] {
  const row = selectedRow(state);
  if (row === undefined) return [{ text: "Nothing is selected.", tone: "muted" }];
  const view = viewOf(state.view);
  const { story } = state;
  const isStorys = story?.of === `${state.view} ${view.identity(row)}`;
  const facts = view.columns
    .map(({ header, cell }) => [header.toLowerCase(), safe(cell(row, state.now))] as const)
    .filter(([header, text]) => header !== "" && text !== "");
  const labelWidth = Math.max(...facts.map(([header]) => header.length)) + 2;
  const told: Line[] = isStorys ? story.lines.flatMap((line) => wrapStory(line, width)) : [];
  return [
    ...facts.flatMap(([header, text]) =>
      wrapWords(text, width - labelWidth).map((line, index) => ({
        text: toWidth(index === 0 ? header : "", labelWidth) + line,
        tone: "plain" as const,
      })),
    ),
    { text: "", tone: "plain" },
    ...told,
    ...(isStorys && !story.isLoading ? [] : [{ text: "Asking for its story …", tone: "muted" as const }]),
  ];
}
