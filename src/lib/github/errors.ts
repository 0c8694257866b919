// What GitHub's refusals mean for the fleet: wait, take another name, or a fault that a person must mend.
import { Unavailable } from "../fleet/ports.ts";

/** An Octokit RequestError, by its shape: Octokit bundles carry more than one copy of the class. */
interface RequestError extends Error {
  status: number;
  response?: { headers: Record<string, string | undefined> };
}

function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && error.name === "HttpError" && "status" in error;
}

/**
 * Turns an Octokit error into Unavailable when waiting helps; anything else is thrown as it is.
 * Rate limits: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api (403 or 429, Retry-After, x-ratelimit-reset).
 * @param now milliseconds since the epoch
 */
export function explainRefusal(error: unknown, now: number): never {
  if (!isRequestError(error)) throw error;
  const headers = error.response?.headers ?? {};
  const isLimit =
    error.status === 429 ||
    (error.status === 403 && (headers["x-ratelimit-remaining"] === "0" || headers["retry-after"] !== undefined)) ||
    (error.status === 403 && /rate limit/i.test(error.message));
  if (isLimit) {
    const retryAfterSeconds = secondsToWait(headers["retry-after"], headers["x-ratelimit-reset"], now);
    const message = `GitHub's rate limit is reached; it asks to wait ${retryAfterSeconds} s`;
    throw new Unavailable("github", message, { retryAfterSeconds, isRateLimit: true, cause: error });
  }
  // Octokit gives 500 to requests that got no answer at all.
  if (error.status >= 500) throw new Unavailable("github", `GitHub: ${error.message}`, { cause: error });
  throw error;
}

/** At least a minute when GitHub names no time, as its documentation asks for. */
function secondsToWait(retryAfter: unknown, reset: unknown, now: number): number {
  if (retryAfter !== undefined && Number.isFinite(Number(retryAfter))) return Number(retryAfter);
  if (reset !== undefined && Number.isFinite(Number(reset))) return Math.max(1, Math.ceil(Number(reset) - now / 1000));
  return 60;
}
