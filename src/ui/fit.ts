// Text of an exact width in terminal columns.
import { displayWidth, plainText, truncate, wrapText } from "../lib/cli/text.ts";

const harmless = /^[ -~]*$/;

/** Text from elsewhere on one line, without anything that could drive a terminal. */
export function safe(text: string): string {
  return harmless.test(text) ? text : plainText(text);
}

/** Cut or padded to exactly so many columns. The text must hold no escape sequences. */
export function toWidth(text: string, columns: number, align: "left" | "right" = "left"): string {
  if (columns <= 0) return "";
  const cut = truncate(text, columns);
  const padding = " ".repeat(Math.max(0, columns - displayWidth(cut)));
  return align === "right" ? padding + cut : cut + padding;
}

/** Cuts a text into lines of at most so many columns, between words where it can. */
export function wrapWords(text: string, columns: number): string[] {
  return wrapText(text, columns).flatMap((line) => cutToWidth(line, columns));
}

/** Cuts a text into pieces of at most so many columns, wherever that falls. The text must hold no escape sequences. */
export function cutToWidth(text: string, columns: number): string[] {
  if (displayWidth(text) <= columns) return [text];
  const pieces: string[] = [];
  let piece = "";
  let used = 0;
  for (const character of text) {
    const width = displayWidth(character);
    if (used + width > columns && piece !== "") {
      pieces.push(piece);
      piece = "";
      used = 0;
    }
    piece += character;
    used += width;
  }
  return [...pieces, piece];
}
