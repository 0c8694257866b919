// The live log of one job.
import { stripVTControlCharacters } from "node:util";
import { Box, Text } from "ink";
import type { ReactElement } from "react";
import { displayWidth, truncate } from "../../lib/cli/text.ts";
import type { LogLine } from "../../lib/dashboard/source.ts";
import { cutToWidth, safe } from "../fit.ts";
import type { Palette } from "../palette.ts";
import { matchesIn } from "./log-state.ts";
import type { LogState } from "./state.ts";

export function Logs(props: { log: LogState; palette: Palette; width: number; height: number }): ReactElement {
  const { log, palette, width, height } = props;
  const lines = visibleLines(log, palette, width - 2, height - 1);
  return (
    <Box flexDirection="column" height={height} width={width}>
      <Text wrap="truncate">{titleLine(log, palette, width)}</Text>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place.
        <Text key={index} wrap="truncate">{` ${line}`}</Text>
      ))}
    </Box>
  );
}

const statusWords: Record<LogState["status"], string> = {
  waiting: "◌ waits for a runner",
  live: "● live",
  ended: "✓ ended",
  failed: "✗ failed",
};

function titleLine(log: LogState, palette: Palette, width: number): string {
  const tone = log.status === "failed" ? "bad" : log.status === "live" ? "good" : "wait";
  const matches = log.search === "" ? undefined : matchesIn(log);
  const facts = [
    log.isFollowing ? "following" : `${log.up} below`,
    ...(log.isWrapped ? ["wrapped"] : []),
    `${log.lines.length + log.dropped} lines`,
    ...(matches ? [`/${safe(log.search)}: ${matches.length} found`] : []),
  ].join("  ");
  const failure = log.status === "failed" && log.failure !== undefined ? `: ${safe(log.failure)}` : "";
  // Why it broke off matters more than what it is of.
  const room = width - displayWidth(facts) - 10;
  const status = truncate(statusWords[log.status] + failure, Math.max(8, room - 8));
  const title = truncate(safe(log.title), Math.max(8, room - displayWidth(status)));
  return ` ${palette.paint("strong", title)}  ${palette.paint(tone, status)}  ${palette.paint("muted", facts)}`;
}

/** What fits the screen, the last line that is looked at being the last of it. */
export function visibleLines(log: LogState, palette: Palette, width: number, height: number): string[] {
  const shown: string[] = [];
  for (let index = log.lines.length - 1 - log.up; index >= 0 && shown.length < height; index--) {
    const line = log.lines[index];
    if (line) shown.unshift(...pieces(line, log, palette, width));
  }
  const cut = shown.slice(-height);
  if (cut.length > 0 || log.status === "live") return cut;
  const words = log.failure ?? (log.status === "waiting" ? "No runner has taken the job yet." : "The log is empty.");
  return [palette.paint("muted", safe(words))];
}

/** One line of the log as lines of the screen. */
function pieces(line: LogLine, log: LogState, palette: Palette, width: number): string[] {
  const plain = stripVTControlCharacters(line.text).replaceAll("\t", "    ");
  const isFound = log.search !== "" && plain.toLowerCase().includes(log.search.toLowerCase());
  // Colours of a line that was found give way to the mark of what was found in it.
  const text = isFound ? mark(plain, log.search, palette) : line.text.replaceAll("\t", "    ");
  if (!log.isWrapped || displayWidth(plain) <= width) return [text];
  return cutToWidth(plain, width).map((piece) => (isFound ? mark(piece, log.search, palette) : piece));
}

function mark(text: string, search: string, palette: Palette): string {
  const [low, wanted] = [text.toLowerCase(), search.toLowerCase()];
  let result = "";
  let at = 0;
  for (let found = low.indexOf(wanted); found >= 0; found = low.indexOf(wanted, at)) {
    result += text.slice(at, found) + palette.found(text.slice(found, found + wanted.length));
    at = found + wanted.length;
  }
  return result + text.slice(at);
}
