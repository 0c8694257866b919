// The log that is looked at: lines as they come, scrolling, following, searching.
import { stripVTControlCharacters } from "node:util";
import type { LogLine } from "../../lib/dashboard/source.ts";
import type { LogState } from "./state.ts";

/** Older lines are dropped: `logs` has them all. */
const mostLines = 20_000;

export function openLog(reference: string, title: string): LogState {
  return {
    reference,
    title,
    lines: [],
    dropped: 0,
    up: 0,
    isFollowing: true,
    isWrapped: false,
    search: "",
    status: "live",
    failure: undefined,
  };
}

/** Lines at the end; who reads further up is left where they are. */
export function addLines(log: LogState, added: readonly LogLine[]): LogState {
  const all = [...log.lines, ...added];
  const excess = Math.max(0, all.length - mostLines);
  return {
    ...log,
    status: log.status === "waiting" ? "live" : log.status,
    lines: excess > 0 ? all.slice(excess) : all,
    dropped: log.dropped + excess,
    up: log.isFollowing ? 0 : Math.min(log.up + added.length, mostLines - 1),
  };
}

/** @param lines upwards; negative ones downwards */
export function scrollLog(log: LogState, lines: number): LogState {
  const up = Math.min(Math.max(0, log.lines.length - 1), Math.max(0, log.up + lines));
  return { ...log, up, isFollowing: up === 0 && (log.isFollowing || lines < 0) };
}

/** Lines with the text in them, whatever the case, by index. */
export function matchesIn(log: LogState): number[] {
  const wanted = log.search.toLowerCase();
  if (wanted === "") return [];
  return log.lines.flatMap(({ text }, index) =>
    stripVTControlCharacters(text).toLowerCase().includes(wanted) ? [index] : [],
  );
}

/** Brings the next match to the last line of the screen; nothing changes where there is none. @param step 1 down, -1 up */
export function goToMatch(log: LogState, step: 1 | -1): LogState {
  const at = log.lines.length - 1 - log.up;
  const matches = matchesIn(log);
  const next = step === 1 ? matches.find((index) => index > at) : matches.findLast((index) => index < at);
  return next === undefined ? log : { ...log, up: log.lines.length - 1 - next, isFollowing: false };
}

/** A new search goes to the last match at or above the place where it began. */
export function searchLog(log: LogState, text: string): LogState {
  const searched = { ...log, search: text };
  const at = log.lines.length - 1 - log.up;
  const match = matchesIn(searched).findLast((index) => index <= at);
  return match === undefined || match === at
    ? searched
    : { ...searched, up: log.lines.length - 1 - match, isFollowing: false };
}
