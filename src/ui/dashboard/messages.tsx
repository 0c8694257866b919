// `m`: everything that was said since the start, the newest first.
import { Box, Text } from "ink";
import type { ReactElement } from "react";
import { safe, wrapWords } from "../fit.ts";
import type { Palette } from "../palette.ts";
import { levelLooks } from "./footer.tsx";
import type { DashboardState } from "./state.ts";

const timeWidth = 11;

export function Messages(props: {
  state: DashboardState;
  palette: Palette;
  width: number;
  height: number;
}): ReactElement {
  const { state, palette, width, height } = props;
  const lines = messageLines(state, palette, width);
  const top = Math.min(state.overlayTop, Math.max(0, lines.length - height));
  const shown = lines.length === 0 ? [palette.paint("muted", " Nothing was said so far.")] : lines;
  return (
    <Box flexDirection="column" height={height}>
      {shown.slice(top, top + height).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place.
        <Text key={index} wrap="truncate">
          {line}
        </Text>
      ))}
    </Box>
  );
}

export function messageLines(state: DashboardState, palette: Palette, width: number): string[] {
  return state.messages.toReversed().flatMap(({ at, level, text }) => {
    const { symbol, tone } = levelLooks[level];
    const time = new Date(at).toISOString().slice(11, 19);
    return wrapWords(safe(text), width - timeWidth - 4).map((line, index) =>
      index === 0
        ? ` ${palette.paint("muted", time)}  ${palette.paint(tone, `${symbol} ${line}`)}`
        : `${" ".repeat(timeWidth + 2)}${palette.paint(tone, line)}`,
    );
  });
}
