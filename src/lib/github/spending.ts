// What was spent within the last minute or so, for limits that GitHub counts over a span of time.

/**
 * A sliding window. It lets a burst up to the limit through at once, where a token bucket that keeps the same promise
 * would have to drip from the start: never more than the limit within any span.
 */
export class Spending {
  readonly #limit: number;
  readonly #spanMs: number;
  readonly #now: () => number;
  #running = 0;
  /** Oldest first. */
  #ended: { at: number; cost: number }[] = [];

  constructor(limit: number, spanMs: number, now: () => number) {
    this.#limit = limit;
    this.#spanMs = spanMs;
    this.#now = now;
  }

  /** What can still be spent now, of this share of the limit. */
  room(share = 1): number {
    this.#forget();
    const ended = this.#ended.reduce((sum, { cost }) => sum + cost, 0);
    return Math.floor(this.#limit * share) - this.#running - ended;
  }

  /** Milliseconds until so much can be spent; 0 when it can now. */
  waitMs(cost: number, share = 1): number {
    let lacking = cost - this.room(share);
    if (lacking <= 0) return 0;
    for (const entry of this.#ended) {
      lacking -= entry.cost;
      if (lacking <= 0) return entry.at + this.#spanMs - this.#now();
    }
    // It takes the end of calls that are still under way, which is now at the earliest.
    return this.#spanMs;
  }

  /**
   * Spends. The span begins when the function returned is called, at the call's end: GitHub has counted it at some time
   * before that, so what is forgotten here is forgotten there.
   */
  spend(cost: number): () => void {
    this.#running += cost;
    return () => {
      this.#running -= cost;
      this.#ended.push({ at: this.#now(), cost });
    };
  }

  #forget(): void {
    const since = this.#now() - this.#spanMs;
    const first = this.#ended.findIndex(({ at }) => at > since);
    this.#ended.splice(0, first < 0 ? this.#ended.length : first);
  }
}
