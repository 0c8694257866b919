// A diagnosis for people: a line for each link, with a symbol and a word, so that nobody depends on colours; what to do
// about it beneath.
import type { Colours } from "../cli/colours.ts";
import { displayWidth, plainText } from "../cli/text.ts";
import { amount, type Check, type Status } from "./check.ts";
import type { Outcome } from "./run.ts";

const looks: Record<Status, { symbol: string; word: string; colour: "green" | "yellow" | "red" | "dim" }> = {
  ok: { symbol: "✓", word: "ok", colour: "green" },
  warn: { symbol: "!", word: "warn", colour: "yellow" },
  fail: { symbol: "✗", word: "fail", colour: "red" },
  skipped: { symbol: "-", word: "skipped", colour: "dim" },
};

const wordWidth = Math.max(...Object.values(looks).map(({ word }) => word.length));

/** Makes the function that renders one outcome; titles are padded to the widest of these checks. */
export function outcomeRenderer(checks: readonly Check[], colours: Colours): (outcome: Outcome) => string {
  const titleWidth = Math.max(...checks.map(({ title }) => displayWidth(title)));
  const indent = " ".repeat(2 + wordWidth + 2);
  return ({ title, status, detail, mend }) => {
    const { symbol, word, colour } = looks[status];
    const paint = colours[colour];
    const text = plainText(detail);
    const head = `${paint(`${symbol} ${word.padEnd(wordWidth)}`)}  ${title.padEnd(titleWidth)}  `;
    const line = head + (status === "skipped" ? colours.dim(text) : text);
    const steps = mend.map((step) => `${indent}${colours.bold("→")} ${plainText(step)}`);
    return [line, ...steps].join("\n");
  };
}

/** How it went, in one line. */
export function renderSummary(outcomes: readonly Outcome[]): string {
  const count = (status: Status) => outcomes.filter((outcome) => outcome.status === status).length;
  const first = outcomes.find(({ status }) => status === "fail");
  const counts = `${count("ok")} ok, ${amount(count("warn"), "warning")}, ${count("fail")} failed, ${count("skipped")} skipped.`;
  return first ? `${counts} Begin with: ${first.title}.` : counts;
}
