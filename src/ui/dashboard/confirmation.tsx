// The box that asks before something is destroyed. It covers the table, since nothing else can be done before it is answered.
import { Box, Text } from "ink";
import type { ReactElement } from "react";
import { safe, toWidth, wrapWords } from "../fit.ts";
import type { Palette } from "../palette.ts";
import type { Confirmation } from "./state.ts";

const widest = 92;

export function ConfirmationBox(props: {
  confirmation: Confirmation;
  palette: Palette;
  width: number;
  height: number;
}): ReactElement {
  const { confirmation, palette, width, height } = props;
  const inner = Math.max(1, Math.min(widest, width - 8));
  const room = Math.max(1, height - 6);
  const all = confirmation.lines.flatMap((line) => wrapWords(safe(line), inner));
  const shown = all.length > room ? [...all.slice(0, room - 1), `… and ${all.length - room + 1} more`] : all;
  const content = [
    ...wrapWords(safe(confirmation.question), inner).map((line) => palette.paint("strong", toWidth(line, inner))),
    " ".repeat(inner),
    ...shown.map((line) => toWidth(line, inner)),
    ...(shown.length > 0 ? [" ".repeat(inner)] : []),
    `${palette.paint("bad", "y")} yes    ${palette.paint("accent", "n")} no${" ".repeat(Math.max(0, inner - 13))}`,
  ];
  const edge = (text: string) => palette.paint("wait", text);
  const lines = [
    edge(`╭${"─".repeat(inner + 2)}╮`),
    ...content.map((line) => `${edge("│")} ${line} ${edge("│")}`),
    edge(`╰${"─".repeat(inner + 2)}╯`),
  ];
  return (
    <Box
      position="absolute"
      flexDirection="column"
      marginLeft={Math.max(0, Math.floor((width - inner - 4) / 2))}
      marginTop={Math.max(0, Math.floor((height - lines.length) / 2))}
    >
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place.
        <Text key={index} wrap="truncate">
          {line}
        </Text>
      ))}
    </Box>
  );
}
