// How many of GitHub's calls a dashboard may use. The controller lives on the same hourly limit, and a screen that is left
// open over night must not take it away.

/** Share of the hourly limit, for as long as the screen is open. */
const share = 0.3;
/** Share that may be used at once, as when the screen is opened in a large fleet. */
const burstShare = 0.06;
const hourMs = 3_600_000;

/** A token bucket: it fills with time up to a burst, and what was used beyond it has to be waited for. */
export class Allowance {
  readonly #used: () => number;
  readonly #now: () => number;
  #left: number | undefined;
  #usedBefore: number;
  #at: number;

  /**
   * @param used calls that counted towards the limit, since the start
   * @param now milliseconds since the epoch
   */
  constructor(used: () => number, now: () => number) {
    this.#used = used;
    this.#now = now;
    this.#usedBefore = used();
    this.#at = now();
  }

  /** Milliseconds until the next call may be made. @param limit of an hour; undefined where GitHub does not count */
  waitMs(limit: number | undefined): number {
    const [used, now] = [this.#used(), this.#now()];
    const spent = used - this.#usedBefore;
    const passed = now - this.#at;
    [this.#usedBefore, this.#at] = [used, now];
    if (limit === undefined) return 0;
    const perMs = (limit * share) / hourMs;
    const burst = limit * burstShare;
    this.#left = Math.min(burst, (this.#left ?? burst) + passed * perMs) - spent;
    return this.#left >= 0 ? 0 : Math.ceil(-this.#left / perMs);
  }
}
