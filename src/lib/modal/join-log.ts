// Joins what a Sandbox has written so far, as Modal stored it, to its live output, which begins at its first line only while
// Modal has all of it: of a V2 Sandbox, live, it keeps the most recent part alone, and the SDK tells nobody.
import { parseLogLine, type TimedText } from "./entrypoint-log.ts";

/** Lines are compared so often at most, for logs in which all are alike. */
const mostComparisons = 5_000_000;

/**
 * The live lines that are not among the stored ones. Where the live output does not begin at its beginning, the longest
 * overlap of the two is left out.
 * @param stored whole lines, the oldest first
 * @param onGap told once where they do not meet, and lines between them are missing
 */
export async function* joinLive(
  stored: readonly string[],
  live: AsyncIterable<TimedText>,
  onGap: () => void,
): AsyncGenerator<TimedText> {
  /** Of the lines to come, how many are stored: by count where both begin at the beginning, else as long as they agree. */
  let known = 0;
  let isByCount = false;
  let overlap: Overlap | undefined = new Overlap(stored);
  for await (const line of live) {
    if (overlap === undefined) {
      const isKnown = known > 0 && (isByCount || line.text === stored[stored.length - known]);
      known = isKnown ? known - 1 : 0;
      if (!isKnown) yield line;
      continue;
    }
    known = overlap.add(line) - 1;
    if (known >= 0 || overlap.isOpen) {
      isByCount = known === stored.length - 1;
      if (known >= 0) overlap = undefined;
      continue;
    }
    if (overlap.hasGap) onGap();
    yield* overlap.unknown();
    [overlap, known] = [undefined, 0];
  }
  if (overlap?.hasGap) onGap();
  yield* overlap?.unknown() ?? [];
}

/** Looks for the longest end of the stored lines with which the live ones begin, while these come in. */
class Overlap {
  readonly #stored: readonly string[];
  readonly #held: TimedText[] = [];
  /** Places in the stored lines at which the live ones may begin. */
  #candidates: number[] = [];
  #longest = 0;
  #comparisons = 0;

  constructor(stored: readonly string[]) {
    this.#stored = stored;
  }

  /** Whether more lines are needed to tell. */
  get isOpen(): boolean {
    return this.#candidates.length > 0;
  }

  /** Whether something between the stored lines and these is missing. */
  get hasGap(): boolean {
    const [first] = this.#held;
    const isBeginning = first === undefined || parseLogLine(first.text).event === "starting";
    return this.#longest === 0 && !isBeginning;
  }

  /** The lines so far that are not among the stored ones. */
  unknown(): TimedText[] {
    return this.#held.slice(this.#longest);
  }

  /** @returns how many lines from this one on, itself included, are known to be stored; 0 where that cannot be said yet */
  add(line: TimedText): number {
    const { length } = this.#stored;
    const index = this.#held.push(line) - 1;
    if (index === 0) {
      if (length > 0 && line.text === this.#stored[0]) return length;
      // It may be the end of a line that was cut, even within a character.
      const text = line.text.replace(/^\uFFFD+/, "");
      this.#candidates = [...this.#stored.keys()].filter((place) => this.#stored[place]?.endsWith(text));
    } else {
      this.#candidates = this.#candidates.filter((place) => this.#stored[place + index] === line.text);
    }
    this.#comparisons += this.#candidates.length;
    const [first = 0] = this.#candidates;
    if (this.#comparisons > mostComparisons) return length - first - index;
    if (this.#candidates.at(-1) === length - 1 - index) {
      this.#candidates.pop();
      this.#longest = index + 1;
    }
    return 0;
  }
}
