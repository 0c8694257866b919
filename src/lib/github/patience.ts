// Makes an Octokit wait out GitHub's rate limits, for a person who would rather wait than begin anew: the runners of very
// many repositories take more calls than there are in a minute.
import type { Octokit } from "@octokit/rest";
import { Unavailable } from "../fleet/ports.ts";
import { readLimit } from "./errors.ts";

export interface Patience {
  /** Ends the waiting: its reason is thrown. */
  signal: AbortSignal;
  /** Waits so many milliseconds. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Hears how long it takes; once, however many calls wait. */
  say(text: string): void;
}

/** Where GitHub names no time: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit. */
const unnamedSeconds = 60;

/** Goes around the hook of pace.ts, and so waits for its budget as well as for GitHub's own refusals; call by call. */
export function waitOutLimits(octokit: Octokit, { signal, sleep, now, say }: Patience): void {
  let toldUntil = 0;
  octokit.hook.wrap("request", async (request, options) => {
    // Hooks change them in place, and a time limit of the last attempt is over by then.
    const { headers, request: own } = options;
    for (;;) {
      signal.throwIfAborted();
      try {
        return await request(options);
      } catch (error) {
        const seconds = secondsToWait(error, now());
        if (seconds === undefined) throw error;
        const until = now() + seconds * 1000;
        if (now() >= toldUntil) {
          say(`Waiting ${seconds} s, to keep within GitHub's rate limits.`);
          toldUntil = until;
        }
        await sleep(seconds * 1000, signal);
        Object.assign(options, { headers, request: own });
      }
    }
  });
}

function secondsToWait(error: unknown, now: number): number | undefined {
  const limit = error instanceof Unavailable && error.isRateLimit ? error : readLimit(error, now);
  return limit && Math.ceil(limit.retryAfterSeconds ?? unnamedSeconds);
}
