// `?`: every key that there is, from the one registry.
import { Box, Text } from "ink";
import type { ReactElement } from "react";
import { displayWidth } from "../../lib/cli/text.ts";
import { toWidth } from "../fit.ts";
import type { Palette } from "../palette.ts";
import { type Binding, bindings, keyLabel } from "./keys.ts";
import type { DashboardState } from "./state.ts";

const groups: readonly Binding["group"][] = ["Move", "Look", "Act", "Logs", "Leave"];

export function Help(props: { state: DashboardState; palette: Palette; width: number; height: number }): ReactElement {
  const { state, palette, width, height } = props;
  const lines = helpLines(state, palette, width);
  const top = Math.min(state.overlayTop, Math.max(0, lines.length - height));
  const below = lines.length - top - height;
  const shown = lines.slice(top, top + height);
  if (below > 0) shown[height - 1] = palette.paint("muted", `… ${below + 1} more: PgDn`);
  return (
    <Box flexDirection="column" height={height}>
      {shown.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place.
        <Text key={index} wrap="truncate">{` ${line}`}</Text>
      ))}
    </Box>
  );
}

/** @param screenWidth a column at either side is left free */
export function helpLines(state: DashboardState, palette: Palette, screenWidth: number): string[] {
  const width = screenWidth - 2;
  const columns = width >= 150 ? 3 : width >= 100 ? 2 : 1;
  const columnWidth = Math.max(0, Math.floor(width / columns) - (columns > 1 ? 2 : 0));
  const blocks = groups.map((group) => blockOf(group, state, palette, columnWidth)).filter((block) => block.length > 1);
  // Each block goes where there is least so far.
  const stacks: string[][] = Array.from({ length: columns }, () => []);
  for (const block of blocks) {
    const shortest = stacks.reduce((a, b) => (b.length < a.length ? b : a));
    if (shortest.length > 0) shortest.push(" ".repeat(columnWidth));
    shortest.push(...block);
  }
  const height = Math.max(...stacks.map((stack) => stack.length));
  return Array.from({ length: height }, (_, line) =>
    stacks.map((stack) => stack[line] ?? " ".repeat(columnWidth)).join("  "),
  );
}

function blockOf(group: Binding["group"], state: DashboardState, palette: Palette, width: number): string[] {
  const own = bindings(state).filter((binding) => binding.group === group);
  const names = own.map(({ keys }) => keys.map(keyLabel).join(" "));
  const keyWidth = Math.max(4, ...names.map(displayWidth)) + 2;
  return [
    palette.paint("strong", toWidth(group, width)),
    ...own.map(({ help }, index) => {
      const name = palette.paint("accent", toWidth(names[index] ?? "", keyWidth));
      return `${name}${toWidth(help, width - keyWidth)}`;
    }),
  ];
}
