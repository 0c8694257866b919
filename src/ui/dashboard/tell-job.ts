// A job's explanation as lines of the detail: the answer first, then what happened, and last what to type.
import { formatDollars } from "../../lib/cli/numbers.ts";
import type { ExplainedDecision, JobExplanation } from "../../lib/operations/explain/explanation.ts";
import type { StoryLine } from "./state.ts";
import { decisionTone } from "./views/jobs.ts";

type Tone = StoryLine["tone"];

export function tellJob(told: JobExplanation): StoryLine[] {
  const { decision } = told;
  return [
    line(told.summary, "strong"),
    ...section(
      "What happened (UTC)",
      told.events.map(
        ({ at, source, text, isBad }) =>
          ({
            text: `  ${at.slice(11, 19)}  ${source.padEnd(10)}  ${text}`,
            hang: 24,
            tone: isBad ? "bad" : "plain",
          }) as const,
      ),
    ),
    ...(decision ? section("Decision now", tellDecision(decision)) : []),
    ...told.also.flatMap((other) => section("And of its runner", tellDecision(other))),
    ...section(
      "Limits now",
      told.limits.map(({ what, used, most, unit }) => {
        const isFull = used >= most;
        const share =
          unit === "dollars" ? `${formatDollars(used)} of ${formatDollars(most)}` : `${used} of ${most} ${unit}`;
        return line(`  ${what}: ${share}${isFull ? ", full" : ""}`, isFull ? "bad" : "plain");
      }),
    ),
    ...section(
      "What will happen",
      told.next.map((text) => line(`  ${text}`)),
    ),
    ...section(
      "What to do",
      told.toType.map((text) => line(`  ${text}`, "good")),
    ),
    ...section(
      "Could not be read",
      told.unseen.map(({ what, why }) => line(`  ${what}: ${why}`, "wait")),
    ),
  ];
}

function tellDecision({ reason, meaning, detail, policy }: ExplainedDecision): StoryLine[] {
  return [
    line(`  ${reason}`, decisionTone(reason)),
    line(`  ${meaning}`),
    ...(detail === meaning ? [] : [line(`  ${detail}`)]),
    ...policy.map(({ line: at, text }): StoryLine => {
      const place = at === null ? "policy" : `policy:${at}`;
      return { text: `  ${place}  ${text}`, hang: place.length + 4, tone: "muted" };
    }),
  ];
}

function section(title: string, lines: readonly StoryLine[]): StoryLine[] {
  return lines.length === 0 ? [] : [line(""), line(title, "strong"), ...lines];
}

function line(text: string, tone: Tone = "plain"): StoryLine {
  return { text, tone };
}
