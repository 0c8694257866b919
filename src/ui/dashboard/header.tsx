// Two lines that are always there: whose fleet it is and how both services are, what it does and what that costs.
import { Box, Text } from "ink";
import type { ReactElement } from "react";
import { formatDuration } from "../../lib/cli/durations.ts";
import { formatDollars } from "../../lib/cli/numbers.ts";
import { displayWidth } from "../../lib/cli/text.ts";
import { safe } from "../fit.ts";
import type { Palette, Tone } from "../palette.ts";
import { type Health, healthOf } from "./health.ts";
import type { DashboardState } from "./state.ts";

/** Text with its tone; what is left out first on a narrow screen has the highest rank. */
interface Piece {
  text: string;
  tone: Tone;
  rank: number;
}

export function Header({ state, palette }: { state: DashboardState; palette: Palette }): ReactElement {
  const { columns } = state.size;
  return (
    <Box flexDirection="column">
      <Text wrap="truncate">{spread(names(state), services(state), columns, palette)}</Text>
      <Text wrap="truncate">{spread(counts(state), costs(state), columns, palette)}</Text>
    </Box>
  );
}

function names(state: DashboardState): Piece[] {
  return [
    { text: "modal-gha", tone: "accent", rank: 4 },
    { text: safe(state.fleet), tone: "strong", rank: 0 },
    ...(state.fleet === state.owner ? [] : [{ text: `of ${safe(state.owner)}`, tone: "muted" as const, rank: 8 }]),
    ...(state.isReadOnly ? [{ text: "read-only", tone: "wait" as const, rank: 1 }] : []),
  ];
}

function services(state: DashboardState): Piece[] {
  const { rate } = state.feeds;
  const pieces: Piece[] = [];
  for (const [service, name] of [
    ["github", "GitHub"],
    ["modal", "Modal"],
  ] as const) {
    const health = healthOf(service, state.feeds);
    pieces.push(lookOf(name, health, state.now));
    if (service === "github" && rate.data) {
      const { limit, remaining, resetsAt } = rate.data;
      const isShort = remaining < limit * 0.2;
      const until = isShort ? `, full in ${formatDuration(resetsAt - state.now)}` : "";
      pieces.push({
        text: `${count(remaining)}/${count(limit)} calls${until}`,
        tone: isShort ? "wait" : "muted",
        rank: 5,
      });
    }
  }
  pieces.push({ text: `${new Date(state.now).toISOString().slice(11, 16)} UTC`, tone: "muted", rank: 6 });
  return pieces;
}

function lookOf(name: string, { state, since = 0 }: Health, now: number): Piece {
  if (state === "down") return { text: `✗ ${name} down ${formatDuration(now - since)}`, tone: "bad", rank: 1 };
  if (state === "refusing") return { text: `✗ ${name} refuses`, tone: "bad", rank: 1 };
  if (state === "limited") return { text: `! ${name} calls used up`, tone: "wait", rank: 1 };
  return state === "up" ? { text: `● ${name}`, tone: "good", rank: 2 } : { text: `◌ ${name}`, tone: "muted", rank: 2 };
}

const count = (value: number) => value.toLocaleString("en-US");

function counts(state: DashboardState): Piece[] {
  const { runners } = state;
  const of = (...states: string[]) => (runners ?? []).filter((runner) => states.includes(runner.state)).length;
  const strays = of("unregistered", "no-sandbox");
  const unknown = of("unknown");
  const { data: jobs } = state.feeds.jobs;
  const queued = jobs?.jobs.filter((job) => job.state === "queued").length ?? 0;
  // What there is none of is the first to make room.
  const piece = (count: number, symbol: string, word: string, tone: Tone, rank: number, isKnown = true): Piece => ({
    text: `${symbol} ${isKnown ? count : "?"} ${word}`,
    tone: count > 0 ? tone : "muted",
    rank: count > 0 ? rank : rank + 5,
  });
  const pieces: Piece[] = [
    piece(of("busy"), "●", "running", "good", 0, runners !== undefined),
    piece(of("starting"), "◌", "starting", "wait", 1, runners !== undefined),
    piece(of("idle"), "○", "idle", "plain", 2, runners !== undefined),
  ];
  if (strays > 0) pieces.push({ text: `✗ ${strays} stray`, tone: "bad", rank: 3 });
  if (unknown > 0) pieces.push({ text: `? ${unknown} unknown`, tone: "wait", rank: 3 });
  if (jobs) pieces.push(piece(queued, "◇", "queued", "wait", 1, jobs.isWhole));
  return pieces;
}

function costs(state: DashboardState): Piece[] {
  const perHour = state.runners?.reduce((sum, { dollarsPerHour }) => sum + (dollarsPerHour ?? 0), 0);
  const { data } = state.feeds.usage;
  const pieces: Piece[] = [];
  if (perHour !== undefined) pieces.push({ text: `${formatDollars(perHour)}/h`, tone: "strong", rank: 3 });
  if (data) {
    const { dollarsToday, dailyBudget } = data;
    const isNear = dailyBudget !== null && dollarsToday > dailyBudget * 0.8;
    const tone = isNear ? "wait" : "plain";
    pieces.push({ text: `${formatDollars(dollarsToday)} today`, tone, rank: 4 });
    if (dailyBudget !== null) {
      pieces.push({ text: `of ${formatDollars(dailyBudget)}`, tone: isNear ? "wait" : "muted", rank: isNear ? 3 : 7 });
    }
  }
  return pieces;
}

/** One group to the left, one to the right, with pieces left out until both fit. */
function spread(left: readonly Piece[], right: readonly Piece[], columns: number, palette: Palette): string {
  const gap = "   ";
  const widthOf = (pieces: readonly Piece[]) =>
    pieces.reduce((sum, { text }) => sum + displayWidth(text), 0) + gap.length * Math.max(0, pieces.length - 1);
  let [first, last] = [[...left], [...right]];
  while (widthOf(first) + widthOf(last) + gap.length + 2 > columns && first.length + last.length > 1) {
    const worst = [...first, ...last].reduce((a, b) => (b.rank > a.rank ? b : a));
    first = first.filter((piece) => piece !== worst);
    last = last.filter((piece) => piece !== worst);
  }
  const paint = (pieces: readonly Piece[]) => pieces.map(({ text, tone }) => palette.paint(tone, text)).join(gap);
  const between = Math.max(1, columns - 2 - widthOf(first) - widthOf(last));
  return ` ${paint(first)}${" ".repeat(between)}${paint(last)}`;
}
