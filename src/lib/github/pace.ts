// Makes an Octokit keep to its budget: every call, Octokit's own pages and tokens included, is reserved before it is
// made, lists are asked for conditionally, and what GitHub answers is taken into account.
import type { Octokit } from "@octokit/rest";
import { Unavailable } from "../fleet/ports.ts";
import { AnswerCache } from "./answer-cache.ts";
import type { Budget, Reservation } from "./budget.ts";
import { type Call, describeCall } from "./calls.ts";
import { isRequestError, readLimit } from "./errors.ts";
import { Gate } from "./gate.ts";
import type { Headers } from "./primary.ts";

export type Reserved = Extract<Reservation, { ok: true }>;

export interface Pace {
  budget: Budget;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits so many milliseconds. */
  sleep(ms: number): Promise<void>;
}

/** An Octokit with its budget. `request: { reserved }` makes a call on a reservation that was made before. */
export type PacedOctokit = Octokit & {
  pace: Pace;
  /** Calls so far that counted towards the hourly limit: not the App's own, the question for the limit, nor a 304. */
  counted(): number;
};

/** So long a call waits in place for its turn; what would take longer is put off. A webhook's answer is due within seconds. */
const patienceSeconds = 2;
/** After so many seconds the fleet looks again, at the earliest: each look costs calls itself. */
const leastSecondsOff = 5;
/** GitHub breaks off a call after 10 s: docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts. */
const answerWithinMs = 30_000;
/** Concurrent calls left to others who use the same App, such as the command line. */
const concurrencyLeft = 10;

/**
 * A reservation with the first of these that has room, after a short wait if need be.
 * @throws Unavailable, with the time when to come again
 */
export async function reserve<T extends { pace: Pace }>(
  among: readonly [T, ...T[]],
  call: Call,
): Promise<{ by: T; reserved: Reserved }> {
  for (let waited = 0; ; ) {
    let soonest = { retryAfterSeconds: Number.POSITIVE_INFINITY, because: "" };
    for (const by of among) {
      const reservation = by.pace.budget.reserve(call);
      if (reservation.ok) return { by, reserved: reservation };
      if (reservation.retryAfterSeconds < soonest.retryAfterSeconds) soonest = reservation;
    }
    waited += soonest.retryAfterSeconds;
    if (waited > patienceSeconds) {
      const retryAfterSeconds = Math.max(leastSecondsOff, Math.ceil(soonest.retryAfterSeconds));
      const message = `no call to GitHub for ${retryAfterSeconds} s, to keep within its rate limits: ${soonest.because}`;
      throw new Unavailable("github", message, { retryAfterSeconds, isRateLimit: true });
    }
    await among[0].pace.sleep(soonest.retryAfterSeconds * 1000);
  }
}

/** Gives an Octokit its pace. The hook goes around Octokit's own authentication, and the calls that makes come here too. */
export function setPace(octokit: Octokit, pace: Pace, concurrent: number): PacedOctokit {
  let counted = 0;
  const paced = Object.assign(octokit, { pace, counted: () => counted });
  const { baseUrl } = octokit.request.endpoint.DEFAULTS;
  const gate = new Gate(Math.max(1, concurrent - concurrencyLeft));
  const answers = new AnswerCache();

  octokit.hook.wrap("request", async (request, options) => {
    const { method, url } = octokit.request.endpoint(options);
    const call = describeCall(method, url, baseUrl);
    const given = options.request?.["reserved"] as Reserved | undefined;
    const reserved = given ?? (await reserve([paced], call)).reserved;
    const isCounted = call.as === "token" && !url.endsWith("/rate_limit");
    // Signing in happens within another call, which may be the last that the gate let through.
    const leave = call.as === "app" ? () => undefined : await gate.enter();
    const isList = method === "GET" && call.urgency === "sweep";
    const known = isList ? answers.find(url) : undefined;
    // Only what is changed in place reaches the hooks further in.
    if (known) options.headers = { ...options.headers, "if-none-match": known.etag };
    options.request = { ...options.request, signal: options.request?.signal ?? AbortSignal.timeout(answerWithinMs) };
    try {
      const response = await request(options);
      reserved.end({ headers: response.headers as Headers, isSuccess: true });
      if (isCounted) counted++;
      if (isList) answers.keep(url, response);
      return response;
    } catch (error) {
      const isUnchanged = isRequestError(error) && error.status === 304;
      const refusal = readLimit(error, pace.now());
      const said = isRequestError(error) ? error.response?.headers : undefined;
      reserved.end({ headers: said, refusal, isSuccess: isUnchanged });
      if (isCounted && said && !isUnchanged) counted++;
      if (isUnchanged && known) return { ...known.copy(), status: 200, url };
      throw error;
    } finally {
      leave();
    }
  });
  return paced;
}
