// The few looks that a screen is made of. Each means one thing everywhere, and none means it by colour alone: beside it
// stands a symbol or a word. Where colour is off, weight and inversion remain, which NO_COLOR does not speak of
// (https://no-color.org).
import { styleText } from "node:util";

/** `good`: works. `wait`: not yet. `bad`: somebody must look. `accent`: where the eye should go. `muted`: beside the point. */
export type Tone = "plain" | "good" | "wait" | "bad" | "accent" | "muted" | "strong";

export interface Palette {
  paint(tone: Tone, text: string): string;
  /** The one line that keys act on, over its whole width. The text must hold no looks of its own. */
  selected(text: string): string;
  /** What a search has found. */
  found(text: string): string;
}

type Style = Parameters<typeof styleText>[0];

/** Cyan, yellow and red stay apart for those who cannot tell red from green. */
const coloured: Record<Tone, Style | undefined> = {
  plain: undefined,
  good: "cyan",
  wait: "yellow",
  bad: ["bold", "red"],
  accent: ["bold", "cyan"],
  muted: "dim",
  strong: "bold",
};
const plain: Record<Tone, Style | undefined> = {
  ...coloured,
  good: undefined,
  wait: "bold",
  bad: "bold",
  accent: "bold",
};

export function createPalette(hasColour: boolean): Palette {
  const styles = hasColour ? coloured : plain;
  // The streams decided already; styleText must not decide again by looking at the process's own.
  const style = (format: Style, text: string) => styleText(format, text, { validateStream: false });
  return {
    paint(tone, text) {
      const format = styles[tone];
      return format === undefined || text === "" ? text : style(format, text);
    },
    selected: (text) => style(["bold", "inverse"], text),
    found: (text) => style("inverse", text),
  };
}
