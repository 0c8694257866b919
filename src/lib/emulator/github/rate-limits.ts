// GitHub's rate limits: the hourly primary one, and the secondary ones (points, created content, concurrency).
// They are counted always, for the headers, and enforced only where an option sets them.
// Source: docs "Rate limits for the REST API".
import { GitHubError } from "./errors.ts";
import type { Caller } from "./tokens.ts";

export interface RateLimitOptions {
  /** Requests per hour; enforced when set. github.com gives 5,000 and more. */
  primaryPerHour?: number;
  /** Each enforced when set. */
  secondary?: { contentCreationsPerMinute?: number; pointsPerMinute?: number; concurrent?: number };
  /** Runner registrations per 5 minutes and repository or organization; enforced when set. github.com: 1,500. */
  registrationsPer5Minutes?: number;
}

const documentationUrl = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api";
const hour = 3_600_000;
const minute = 60_000;

export interface PrimaryLimit {
  limit: number;
  used: number;
  remaining: number;
  /** Unix time, seconds. */
  reset: number;
}

interface Usage {
  windowStart: number;
  used: number;
  running: number;
  points: { at: number; cost: number }[];
  creations: number[];
}

export class RateLimits {
  readonly #options: RateLimitOptions;
  readonly #clock: () => Date;
  readonly #usages = new Map<string, Usage>();
  readonly #registrations = new Map<string, number[]>();

  constructor(options: RateLimitOptions, clock: () => Date) {
    this.#options = options;
    this.#clock = clock;
  }

  primary(caller: Caller): PrimaryLimit {
    const { used, windowStart } = this.#usage(caller);
    const limit = caller.kind === "anonymous" ? 60 : (this.#options.primaryPerHour ?? 5_000);
    // Unenforced, the count never nears the limit: a client that watches the headers must not hold back.
    const floor = this.#options.primaryPerHour === undefined ? Math.ceil(limit / 2) : 0;
    const remaining = Math.max(floor, limit - used);
    return { limit, used: limit - remaining, remaining, reset: Math.ceil((windowStart + hour) / 1000) };
  }

  /**
   * Counts a request in; the function returned counts its end.
   * @throws GitHubError 403 over the primary limit; 403 or 429 with `Retry-After` over a secondary one.
   */
  enter(caller: Caller, method: string, path: string, requestId: string): () => void {
    const usage = this.#usage(caller);
    const now = this.#clock().getTime();
    const { primaryPerHour, secondary = {} } = this.#options;
    if (primaryPerHour !== undefined && usage.used >= primaryPerHour) {
      throw new GitHubError(403, `API rate limit exceeded for ${subject(caller)}. ${support(requestId, now)}`, {
        documentationUrl,
      });
    }
    const read = method === "GET" || method === "HEAD" || method === "OPTIONS";
    const cost = read ? 1 : 5;
    const points = usage.points.reduce((sum, point) => sum + point.cost, 0);
    if (secondary.pointsPerMinute !== undefined && points + cost > secondary.pointsPerMinute) {
      throw secondaryLimit(403, requestId, secondsUntil(now, usage.points[0]?.at));
    }
    const creates = !read && !path.endsWith("/access_tokens") && method !== "DELETE";
    const { contentCreationsPerMinute: creationLimit, concurrent } = secondary;
    if (creates && creationLimit !== undefined && usage.creations.length >= creationLimit) {
      throw secondaryLimit(403, requestId, secondsUntil(now, usage.creations[0]));
    }
    if (concurrent !== undefined && usage.running >= concurrent) throw secondaryLimit(429, requestId, 60);
    usage.used++;
    usage.running++;
    usage.points.push({ at: now, cost });
    if (creates) usage.creations.push(now);
    return () => void usage.running--;
  }

  /** A conditional request answered 304 does not count against the primary limit. */
  refund(caller: Caller): void {
    this.#usage(caller).used--;
  }

  /** Counts one runner registration. @throws GitHubError 403 over the limit */
  register(scope: string, requestId: string): void {
    const limit = this.#options.registrationsPer5Minutes;
    const now = this.#clock().getTime();
    const recent = (this.#registrations.get(scope) ?? []).filter((at) => at > now - 5 * minute);
    if (limit !== undefined && recent.length >= limit)
      throw secondaryLimit(403, requestId, secondsUntil(now, recent[0], 5));
    this.#registrations.set(scope, [...recent, now]);
  }

  #usage(caller: Caller): Usage {
    const now = this.#clock().getTime();
    const key = subject(caller);
    let usage = this.#usages.get(key);
    if (!usage) {
      usage = { windowStart: now, used: 0, running: 0, points: [], creations: [] };
      this.#usages.set(key, usage);
    }
    if (now >= usage.windowStart + hour) Object.assign(usage, { windowStart: now, used: 0 });
    usage.points = usage.points.filter((point) => point.at > now - minute);
    usage.creations = usage.creations.filter((at) => at > now - minute);
    return usage;
  }
}

function subject(caller: Caller): string {
  if (caller.kind === "user") return `user ID ${caller.account.id}`;
  if (caller.kind === "app") return `app ID ${caller.app.id}`;
  if (caller.kind === "anonymous") return "127.0.0.1";
  return `installation ID ${caller.app?.installation?.id ?? 0}`;
}

function secondaryLimit(status: 403 | 429, requestId: string, retryAfter: number): GitHubError {
  const message = `You have exceeded a secondary rate limit. Please wait a few minutes before you try again. ${support(requestId)}`;
  return new GitHubError(status, message, {
    documentationUrl: `${documentationUrl}#about-secondary-rate-limits`,
    headers: { "Retry-After": String(retryAfter) },
  });
}

function support(requestId: string, now?: number): string {
  const time =
    now === undefined ? "" : ` and timestamp ${new Date(now).toISOString().replace("T", " ").slice(0, 19)} UTC`;
  return `If you reach out to GitHub Support for help, please include the request ID ${requestId}${time}.`;
}

/** Seconds until what was counted at `since` leaves its window. */
function secondsUntil(now: number, since: number | undefined, minutes = 1): number {
  return Math.max(1, Math.ceil(((since ?? now) + minutes * minute - now) / 1000));
}
