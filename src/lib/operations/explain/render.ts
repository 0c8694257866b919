// An explanation as an operator reads it: the answer first, then the story, and last what to type.
import { formatDollars } from "../../cli/numbers.ts";
import type { OutputSide } from "../../cli/streams.ts";
import { displayWidth, plainText, wrapText } from "../../cli/text.ts";
import type { PolicyLine } from "../../policy/quote.ts";
import { describeUnseen } from "../unseen.ts";
import type { ExplainedDecision, JobExplanation, LimitUse, StoryEvent } from "./explanation.ts";

/** Narrower than this, lines are left to the terminal. */
const leastColumns = 24;

/** @param policyFile as the lines of the policy are to be named */
export function renderExplanation(told: JobExplanation, policyFile: string, output: OutputSide): string {
  const { colours } = output;
  const { job, decision, also } = told;
  const state = job.conclusion ?? job.status ?? "not known";
  const name = plainText(job.name ?? "A job");
  const sections = [
    [
      `${colours.bold(name)}  ${job.repository}  job ${job.id}  ${paintState(state, output)}`,
      ...(job.url ? [colours.dim(job.url)] : []),
    ],
    wrapText(plainText(told.summary), output.width),
    section(told.events.length > 0 ? "What happened (UTC)" : "", renderStory(told.events, output), output),
    ...(decision && decision.reason !== "ignore:nothing-to-do"
      ? [renderDecision("Decision now", withoutTold(decision, told.summary), policyFile, output)]
      : []),
    ...also.map((other) => renderDecision("And of its runner", other, policyFile, output)),
    section(told.limits.length > 0 ? "Limits now" : "", renderLimits(told.limits, output), output),
    section(
      "What will happen",
      told.next.flatMap((text) => indented(text, 2, output)),
      output,
    ),
    section(
      "What to do",
      told.toType.map((text) => `  ${text}`),
      output,
    ),
    section(
      told.unseen.length > 0 ? "What is missing here" : "",
      describeUnseen(told.unseen).flatMap((line) => indented(line, 2, output)),
      output,
    ),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

function section(title: string, lines: readonly string[], output: OutputSide): string[] {
  return lines.length === 0 ? [] : [output.colours.bold(title), ...lines];
}

function paintState(state: string, { colours }: OutputSide): string {
  if (state === "success") return colours.green(state);
  return state === "failure" ? colours.red(state) : colours.yellow(state);
}

function renderStory(events: readonly StoryEvent[], output: OutputSide): string[] {
  const days = new Set(events.map(({ at }) => at.slice(0, 10)));
  const width = Math.max(...events.map(({ source }) => source.length), 0);
  return events.flatMap(({ at, source, text, isBad }) => {
    const time = days.size > 1 ? `${at.slice(5, 10)} ${at.slice(11, 19)}` : at.slice(11, 19);
    const lead = `  ${time}  ${source.padEnd(width)}  `;
    const paint = isBad ? output.colours.red : (line: string) => line;
    return hanging(lead, plainText(text), output).map((line, index) =>
      index === 0 ? output.colours.dim(lead) + paint(line.slice(lead.length)) : paint(line),
    );
  });
}

/** What the answer has said already need not be said again. */
function withoutTold(decision: ExplainedDecision, summary: string): ExplainedDecision {
  const isTold = (text: string) => summary.toLowerCase().includes(text.toLowerCase());
  const { meaning, detail } = decision;
  return { ...decision, meaning: isTold(meaning) ? "" : meaning, detail: isTold(detail) ? "" : detail };
}

function renderDecision(title: string, decision: ExplainedDecision, policyFile: string, output: OutputSide): string[] {
  const { reason, meaning, detail, policy } = decision;
  const { bold } = output.colours;
  const told = [...new Set([meaning, plainText(detail)])].filter((text) => text !== "");
  return [
    `${bold(title)}  ${reason}`,
    ...told.flatMap((text) => indented(text, 2, output)),
    ...renderPolicy(policy, policyFile, output),
  ];
}

/** `modal-gha.yaml:12  labels: [modal]`, which editors and terminals make a link of. */
export function renderPolicy(lines: readonly PolicyLine[], policyFile: string, { colours }: OutputSide): string[] {
  const places = lines.map(({ line }) => (line === null ? policyFile : `${policyFile}:${line}`));
  const width = Math.max(0, ...places.map(displayWidth));
  return lines.map(({ text }, index) => `  ${colours.cyan((places[index] ?? "").padEnd(width))}  ${plainText(text)}`);
}

export function renderLimits(limits: readonly LimitUse[], { colours }: OutputSide): string[] {
  const width = Math.max(0, ...limits.map(({ what }) => displayWidth(what)));
  return limits.map(({ what, used, most, unit }) => {
    const share =
      unit === "dollars" ? `${formatDollars(used)} of ${formatDollars(most)}` : `${used} of ${most} ${unit}`;
    const text = `  ${what}${" ".repeat(width - displayWidth(what))}  ${share}`;
    return used >= most ? colours.red(`${text}  full`) : text;
  });
}

function indented(text: string, columns: number, output: OutputSide): string[] {
  return hanging(" ".repeat(columns), text, output);
}

/** The text behind a lead, its further lines under the first. */
function hanging(lead: string, text: string, { width }: OutputSide): string[] {
  const indent = displayWidth(lead);
  const room = width - indent;
  const lines = room < leastColumns ? [text] : wrapText(text, room);
  return lines.map((line, index) => (index === 0 ? lead : " ".repeat(indent)) + line);
}
