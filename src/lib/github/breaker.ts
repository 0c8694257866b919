// Keeps calls back after GitHub has refused one for its rate limit: going on would prolong the refusal, or have the App
// banned (docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately).

/** GitHub's least, where it names no time; each further refusal doubles it. */
const leastSeconds = 60;
const mostSeconds = 15 * 60;

export class Breaker {
  readonly #now: () => number;
  readonly #open = new Map<string, { until: number; refusals: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until calls of a sort may be made. */
  waitMs(sort: string): number {
    return Math.max(0, (this.#open.get(sort)?.until ?? 0) - this.#now());
  }

  /** @param retryAfterSeconds as GitHub named it */
  refused(sort: string, retryAfterSeconds: number | undefined): void {
    const known = this.#open.get(sort);
    const isOpen = this.waitMs(sort) > 0;
    // Calls that were under way together are refused together: that is one refusal.
    const refusals = isOpen ? (known?.refusals ?? 1) : (known?.refusals ?? 0) + 1;
    const seconds = retryAfterSeconds ?? Math.min(mostSeconds, leastSeconds * 2 ** (refusals - 1));
    this.#open.set(sort, { until: Math.max(known?.until ?? 0, this.#now() + seconds * 1000), refusals });
  }

  succeeded(sort: string): void {
    if (this.waitMs(sort) === 0) this.#open.delete(sort);
  }
}
