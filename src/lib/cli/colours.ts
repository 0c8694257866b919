// Colour for terminals, by Node's own styleText; the same functions do nothing where colour is off.
import { styleText } from "node:util";

const styles = ["bold", "dim", "red", "green", "yellow", "blue", "cyan", "magenta"] as const;

export type Colours = Readonly<Record<(typeof styles)[number], (text: string) => string>> & {
  /** Whether the functions colour at all. */
  readonly enabled: boolean;
};

/** Functions that colour a text, or hand it back as it is if not `enabled`. */
export function createColours(enabled: boolean): Colours {
  const functions = Object.fromEntries(
    styles.map((style) => [
      style,
      // The streams decided already (streams.ts); styleText must not decide again by looking at the process's own.
      (text: string) => (enabled ? styleText(style, text, { validateStream: false }) : text),
    ]),
  ) as unknown as Omit<Colours, "enabled">;
  return { ...functions, enabled };
}
