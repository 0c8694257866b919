// The last two lines: what there is to say, and the keys that do something now.
import { Text } from "ink";
import type { ReactElement } from "react";
import { formatDuration } from "../../lib/cli/durations.ts";
import { displayWidth, truncate } from "../../lib/cli/text.ts";
import { safe } from "../fit.ts";
import type { Palette, Tone } from "../palette.ts";
import { healthOf, stalest } from "./health.ts";
import { activeBindings, type Binding, keyLabel } from "./keys.ts";
import { type DashboardState, type Level, messageMs } from "./state.ts";
import { viewOf } from "./views.ts";

export const levelLooks: Record<Level, { symbol: string; tone: Tone }> = {
  info: { symbol: "·", tone: "plain" },
  good: { symbol: "✓", tone: "good" },
  warning: { symbol: "!", tone: "wait" },
  error: { symbol: "✗", tone: "bad" },
};

export function MessageLine({ state, palette }: { state: DashboardState; palette: Palette }): ReactElement {
  const { text, tone } = messageOf(state);
  return <Text wrap="truncate">{palette.paint(tone, ` ${truncate(text, state.size.columns - 2)}`)}</Text>;
}

/** The one thing to say: what is being typed, what just happened, what is going on, what is wrong. */
export function messageOf(state: DashboardState): { text: string; tone: Tone } {
  if (state.typing) {
    const { purpose, text } = state.typing;
    return { text: `${purpose === "filter" ? "Filter" : "Search"}: ${safe(text)}█`, tone: "accent" };
  }
  const last = state.messages.findLast(({ isQuiet }) => !isQuiet);
  const began = state.underWay.at(-1)?.since ?? 0;
  // What was said before something began is no answer to it.
  if (last && last.at >= began && state.now - last.at < messageMs[last.level]) {
    const { symbol, tone } = levelLooks[last.level];
    return { text: `${symbol} ${safe(last.text)}`, tone };
  }
  if (state.underWay.length > 0) {
    return { text: `… ${state.underWay.map(({ text }) => safe(text)).join("; ")}`, tone: "accent" };
  }
  return trouble(state) ?? { text: "", tone: "plain" };
}

function trouble(state: DashboardState): { text: string; tone: Tone } | undefined {
  const parts: string[] = [];
  for (const [service, name] of [
    ["github", "GitHub"],
    ["modal", "Modal"],
  ] as const) {
    const { state: is, message = "", nextTryAt = state.now } = healthOf(service, state.feeds);
    if (is === "up" || is === "unknown") continue;
    parts.push(`${name}: ${safe(message)} Next try ${inTime(nextTryAt - state.now)}.`);
  }
  const failure = stalest(viewOf(state.view).feeds, state.feeds)?.failure;
  if (parts.length === 0 && failure) {
    parts.push(`${safe(failure.message)} Next try ${inTime(failure.nextTryAt - state.now)}.`);
  }
  const [unseen] = state.view === "jobs" ? (state.feeds.jobs.data?.unseen ?? []) : [];
  if (parts.length === 0 && unseen) parts.push(`Could not read ${safe(unseen.what)}: ${safe(unseen.why)}`);
  return parts.length === 0 ? undefined : { text: `! ${parts.join("  ")}`, tone: "wait" };
}

const inTime = (ms: number) => (ms < 1000 ? "now" : `in ${formatDuration(ms)}`);

export function Footer({ state, palette }: { state: DashboardState; palette: Palette }): ReactElement {
  const shown = fitting(
    activeBindings(state).filter(({ rank }) => rank !== undefined),
    state.size.columns - 2,
  );
  const keys = shown.map(({ keys: [key = ""], label }) => `${palette.paint("accent", keyLabel(key))} ${label}`);
  return <Text wrap="truncate">{` ${keys.join("  ")}`}</Text>;
}

/** As many as there is room for; the last two, help and quit, have their place in any case. */
function fitting(bindings: readonly Binding[], columns: number): Binding[] {
  const ordered = bindings.toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const widthOf = ({ keys: [key = ""], label }: Binding) => displayWidth(keyLabel(key)) + 1 + label.length + 2;
  const last = ordered.slice(-2);
  let left = columns - last.reduce((sum, binding) => sum + widthOf(binding), 0);
  const first: Binding[] = [];
  for (const binding of ordered.slice(0, -2)) {
    left -= widthOf(binding);
    if (left < 0) break;
    first.push(binding);
  }
  return [...first, ...last];
}
