// Text from elsewhere (job names, log lines) made safe and measurable for a terminal.
import { stripVTControlCharacters } from "node:util";

const segmenter = new Intl.Segmenter();
/** Drawn two columns wide: emoji, and East Asian Wide and Fullwidth (https://www.unicode.org/reports/tr11/). */
const wide =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u;

/** By far the most of what there is to measure, and a thousand times as quick. */
const printableAscii = /^[ -~]*$/;

/**
 * One line without escape sequences or control characters. Names of workflows and jobs come from repositories that
 * strangers may open pull requests in; they must not be able to drive the operator's terminal.
 */
export function plainText(text: string): string {
  // What is left of control characters, and those that reverse the direction of writing.
  return stripVTControlCharacters(text)
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, "");
}

/** SGR, the one kind of escape sequence that only colours (https://www.ecma-international.org/publications-and-standards/standards/ecma-48/). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const colouring = /\u001B\[[\d;:]*m/g;

/**
 * A line of a job's output, made harmless: whatever could move the cursor, retitle the window or answer back is taken
 * out; colours stay if they are wanted, and end with the line.
 */
export function outputText(text: string, keepColours: boolean): string {
  // Cut at the colours, so that what is between them can be cleaned on its own.
  const colours = keepColours ? (text.match(colouring) ?? []) : [];
  const parts = keepColours ? text.split(colouring) : [text];
  const clean = (part: string) =>
    stripVTControlCharacters(part).replace(/(?!\t)[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, "");
  const line = parts.map((part, index) => clean(part) + (colours[index] ?? "")).join("");
  return colours.length > 0 && !line.endsWith("\u001B[0m") ? `${line}\u001B[0m` : line;
}

/** How many terminal columns a text takes; colours take none. */
export function displayWidth(text: string): number {
  if (printableAscii.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of segmenter.segment(stripVTControlCharacters(text))) columns += wide.test(segment) ? 2 : 1;
  return columns;
}

/** The text cut to so many columns, the last of them `…` if anything was cut. The text must hold no escape sequences. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let result = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const width = wide.test(segment) ? 2 : 1;
    if (used + width > columns - 1) break;
    result += segment;
    used += width;
  }
  return `${result}…`;
}

/** The text broken between words into lines of at most so many columns; a longer word has a line of its own. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > columns) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
