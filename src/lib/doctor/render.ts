// A diagnosis for people: each link with a symbol and a word, so that nobody depends on colours; what to do about it
// beneath.
import type { OutputSide } from "../cli/streams.ts";
import { displayWidth, plainText, wrapText } from "../cli/text.ts";
import { amount, type Check, type Status } from "./check.ts";
import type { Outcome } from "./run.ts";

const looks: Record<Status, { symbol: string; word: string; colour: "green" | "yellow" | "red" | "dim" }> = {
  ok: { symbol: "✓", word: "ok", colour: "green" },
  warn: { symbol: "!", word: "warn", colour: "yellow" },
  fail: { symbol: "✗", word: "fail", colour: "red" },
  skipped: { symbol: "-", word: "skipped", colour: "dim" },
};

const wordWidth = Math.max(...Object.values(looks).map(({ word }) => word.length));
const indent = " ".repeat(2 + wordWidth + 2);

/**
 * Makes the function that renders one outcome: in columns where nobody's screen is too narrow for them, else as text that
 * is broken to its width. What to type is never broken, so that it can be copied.
 * @param checks their titles are padded to the widest
 */
export function outcomeRenderer(checks: readonly Check[], output: OutputSide): (outcome: Outcome) => string {
  const titleWidth = Math.max(...checks.map(({ title }) => displayWidth(title)));
  const { colours, width } = output;
  return ({ title, status, detail, mend }) => {
    const { symbol, word, colour } = looks[status];
    const head = `${colours[colour](`${symbol} ${word.padEnd(wordWidth)}`)}  `;
    const text = plainText(detail);
    const inColumns = [`${title.padEnd(titleWidth)}  ${text}`];
    const lines = Number.isFinite(width) ? wrapText(`${title}: ${text}`, width - indent.length) : inColumns;
    const [first = "", ...further] = lines;
    const found = [head + colours.bold(first.slice(0, title.length)) + first.slice(title.length)];
    const steps = mend.map((step) => `${indent}${colours.bold("→")} ${plainText(step)}`);
    return [...found, ...further.map((line) => indent + line), ...steps].join("\n");
  };
}

/** How it went, in one line. */
export function renderSummary(outcomes: readonly Outcome[]): string {
  const count = (status: Status) => outcomes.filter((outcome) => outcome.status === status).length;
  const first = outcomes.find(({ status }) => status === "fail");
  const counts = `${count("ok")} ok, ${amount(count("warn"), "warning")}, ${count("fail")} failed, ${count("skipped")} skipped.`;
  return first ? `${counts} Begin with: ${first.title}.` : counts;
}
