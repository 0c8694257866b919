// GitHub's hourly limits as its answers tell them: x-ratelimit-limit, -remaining, -reset, for each x-ratelimit-resource.
// Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit.

export type Headers = Readonly<Record<string, string | number | undefined>>;

interface Allowance {
  limit: number;
  remaining: number;
  /** Milliseconds since the epoch. */
  resetAt: number;
}

export class Primary {
  readonly #now: () => number;
  readonly #allowances = new Map<string, Allowance>();
  /** Which resource calls of a sort are counted under, as last seen: generate-jitconfig has one of its own. */
  readonly #resources = new Map<string, string>();
  readonly #running = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many calls of a sort are left after so large a share of the limit is kept back; Infinity before any is known. */
  room(sort: string, keptShare: number): number {
    const allowance = this.#allowance(sort);
    if (!allowance) return Number.POSITIVE_INFINITY;
    const running = this.#running.get(this.#resourceOf(sort)) ?? 0;
    return allowance.remaining - running - Math.ceil(allowance.limit * keptShare);
  }

  /** Milliseconds until GitHub counts anew. */
  waitMs(sort: string): number {
    return Math.max(0, (this.#allowance(sort)?.resetAt ?? 0) - this.#now());
  }

  /** Counts a call that begins; the function returned counts its end. */
  begin(sort: string): () => void {
    const resource = this.#resourceOf(sort);
    this.#running.set(resource, (this.#running.get(resource) ?? 0) + 1);
    return () => void this.#running.set(resource, (this.#running.get(resource) ?? 1) - 1);
  }

  /** Takes in what an answer says. */
  note(sort: string, headers: Headers): void {
    const limit = Number(headers["x-ratelimit-limit"] ?? Number.NaN);
    const remaining = Number(headers["x-ratelimit-remaining"] ?? Number.NaN);
    const resetAt = Number(headers["x-ratelimit-reset"] ?? Number.NaN) * 1000;
    if (!Number.isFinite(limit + remaining + resetAt)) return;
    // A sort's first part says who asks: an App itself and its installation are counted apart.
    const resource = `${sort.split(" ")[0]} ${headers["x-ratelimit-resource"] ?? "core"}`;
    this.#resources.set(sort, resource);
    const known = this.#allowances.get(resource);
    if (known && known.resetAt > resetAt) return;
    // Answers may overtake one another: within an hour, the least counts.
    const least = known?.resetAt === resetAt ? Math.min(known.remaining, remaining) : remaining;
    this.#allowances.set(resource, { limit, remaining: least, resetAt });
  }

  #resourceOf(sort: string): string {
    return this.#resources.get(sort) ?? `${sort.split(" ")[0]} core`;
  }

  #allowance(sort: string): Allowance | undefined {
    const allowance = this.#allowances.get(this.#resourceOf(sort));
    return allowance && allowance.resetAt > this.#now() ? allowance : undefined;
  }
}
