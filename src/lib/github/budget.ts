// GitHub's rate limits as a budget: a call is made only when there is room for it, so that GitHub need not refuse it.
// No I/O and no timers; whoever asks waits, or comes again.
import { Breaker } from "./breaker.ts";
import type { Call, Urgency } from "./calls.ts";
import { type Headers, Primary } from "./primary.ts";
import { Spending } from "./spending.ts";

/**
 * GitHub's secondary limits: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits,
 * registrations: docs.github.com/actions/reference/limits. Its 80 content creations a minute are for what people see and
 * are notified of; fleets were seen to register up to 180 runners a minute with one App.
 */
export const documentedLimits = { pointsPerMinute: 900, concurrent: 100, registrationsPer5Minutes: 1_500 } as const;
export type Limits = { readonly [name in keyof typeof documentedLimits]: number };

/** Share of the points that each urgency may fill up to: what is nearly done is never kept waiting by what is new. */
const pointsShare: Record<Urgency, number> = { finish: 1, mint: 0.95, sweep: 0.95 };
/** Share of the hourly limit that each urgency leaves alone. */
const keptShare: Record<Urgency, number> = { finish: 0, mint: 0.1, sweep: 0.1 };
const minuteMs = 60_000;

/** How a call ended. */
export interface CallEnd {
  /** Of GitHub's answer; undefined when there was none. */
  headers?: Headers | undefined;
  /** Where GitHub refused it for a rate limit. */
  refusal?: { retryAfterSeconds: number | undefined } | undefined;
  isSuccess: boolean;
}

export type Reservation =
  | { ok: true; end(how: CallEnd): void }
  | { ok: false; retryAfterSeconds: number /** In words, for the operator. */; because: string };

/** The limit of registrations is the organisation's or repository's, whichever App asks; so Apps of a fleet share this. */
export class Registrations {
  readonly #places = new Map<string, Spending>();
  readonly #limit: number;
  readonly #now: () => number;

  constructor(now: () => number, limit: number = documentedLimits.registrationsPer5Minutes) {
    this.#limit = limit;
    this.#now = now;
  }

  of(place: string): Spending {
    const known = this.#places.get(place) ?? new Spending(this.#limit, 5 * minuteMs, this.#now);
    this.#places.set(place, known);
    return known;
  }
}

export interface BudgetOptions {
  /** Milliseconds since the epoch. */
  now(): number;
  limits?: Limits | undefined;
  registrations?: Registrations | undefined;
}

/** The budget of one App or token. */
export class Budget {
  readonly #points: Record<Call["as"], Spending>;
  readonly #registrations: Registrations;
  readonly #primary: Primary;
  readonly #breaker: Breaker;
  /** GitHub Enterprise Server counts nothing unless its administrator says so, and then sends no headers of limits. */
  #isCounted = true;

  constructor({ now, limits = documentedLimits, registrations }: BudgetOptions) {
    const points = () => new Spending(limits.pointsPerMinute, minuteMs, now);
    this.#points = { app: points(), token: points() };
    this.#registrations = registrations ?? new Registrations(now, limits.registrationsPer5Minutes);
    this.#primary = new Primary(now);
    this.#breaker = new Breaker(now);
  }

  /** How many such calls could be made now. */
  room(call: Call): number {
    const { urgency, cost, as, place } = call;
    if (this.#breaker.waitMs(sortOf(call)) > 0) return 0;
    if (!this.#isCounted) return Number.POSITIVE_INFINITY;
    const rooms = [
      Math.floor(this.#points[as].room(pointsShare[urgency]) / cost),
      this.#primary.room(sortOf(call), keptShare[urgency]),
      place === undefined ? Number.POSITIVE_INFINITY : this.#registrations.of(place).room(),
    ];
    return Math.max(0, Math.min(...rooms));
  }

  /** Room for one call, taken; or how long to wait for it. */
  reserve(call: Call): Reservation {
    const obstacle = this.#obstacle(call);
    if (obstacle) return { ok: false, retryAfterSeconds: obstacle.waitMs / 1000, because: obstacle.because };
    const sort = sortOf(call);
    const ends = [
      this.#points[call.as].spend(call.cost),
      this.#primary.begin(sort),
      ...(call.place === undefined ? [] : [this.#registrations.of(call.place).spend(1)]),
    ];
    return {
      ok: true,
      end: ({ headers, refusal, isSuccess }) => {
        for (const end of ends.splice(0)) end();
        if (headers) this.#primary.note(sort, headers);
        // An App's own addresses tell nothing: they are counted apart.
        if (headers && isSuccess && call.as === "token") this.#isCounted = headers["x-ratelimit-limit"] !== undefined;
        if (refusal) this.#breaker.refused(sort, refusal.retryAfterSeconds);
        else if (isSuccess) this.#breaker.succeeded(sort);
      },
    };
  }

  #obstacle(call: Call): { waitMs: number; because: string } | undefined {
    const { urgency, cost, as, place } = call;
    const sort = sortOf(call);
    const obstacles = [{ waitMs: this.#breaker.waitMs(sort), because: "it has refused a call and asked to wait" }];
    if (this.#isCounted) {
      const points = this.#points[as].waitMs(cost, pointsShare[urgency]);
      obstacles.push({ waitMs: points, because: "the calls of this minute are used up" });
      if (this.#primary.room(sort, keptShare[urgency]) < 1) {
        const kept = keptShare[urgency] > 0 ? "; the rest is kept for clean-up" : "";
        obstacles.push({ waitMs: this.#primary.waitMs(sort), because: `the calls of this hour are used up${kept}` });
      }
      if (place !== undefined) {
        const waitMs = this.#registrations.of(place).waitMs(1);
        obstacles.push({ waitMs, because: `${place} has had all registrations of five minutes` });
      }
    }
    const [longest] = obstacles.filter(({ waitMs }) => waitMs > 0).sort((a, b) => b.waitMs - a.waitMs);
    return longest;
  }
}

/** Who asks comes first: primary.ts counts by it. */
function sortOf(call: Call): string {
  return `${call.as} ${call.urgency}`;
}
