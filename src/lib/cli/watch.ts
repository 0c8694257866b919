// Shows something again and again until interrupted: redrawn in place on a terminal, one after the other elsewhere.
import { setTimeout as sleep } from "node:timers/promises";
import type { IOStreams } from "./streams.ts";

export interface WatchOptions {
  io: IOStreams;
  everyMs: number;
  signal: AbortSignal;
  /** The text to show now; without a line feed at the end. */
  look(): Promise<string>;
  /** What to make of a look that failed: a line to show in its place. What it throws ends the watch. */
  onError(error: unknown): string;
}

const home = "\u001B[H";
const eraseLine = "\u001B[K";
const eraseBelow = "\u001B[J";
const eraseAll = "\u001B[2J";

/** As many lines as there is room for above the cursor's own: more would scroll the first ones away. */
function firstLines(text: string, rows: number | undefined): string {
  const lines = text.split("\n");
  if (rows === undefined || lines.length < rows) return text;
  const shown = Math.max(0, rows - 2);
  return [...lines.slice(0, shown), `... ${lines.length - shown} more`].join("\n");
}

/** Resolves when the signal aborts. */
export async function watch({ io, everyMs, signal, look, onError }: WatchOptions): Promise<void> {
  const { isTTY } = io.stdout;
  if (isTTY) io.stdout.stream.write(eraseAll);
  while (!signal.aborted) {
    const all = await look().catch(onError);
    if (signal.aborted) return;
    const text = isTTY ? firstLines(all, (io.stdout.stream as NodeJS.WriteStream).rows) : all;
    // Each line is erased as it is written, rather than the whole screen first, so that nothing flickers.
    if (isTTY) io.stdout.stream.write(`${home}${text.replaceAll("\n", `${eraseLine}\n`)}${eraseLine}\n${eraseBelow}`);
    else if (text !== "") io.out(text);
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
