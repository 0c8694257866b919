// What GitHub's refusals mean for the fleet: wait, or a fault that a person must mend, told with how.
import { Unavailable } from "../fleet/ports.ts";

/** An Octokit RequestError, by its shape: Octokit bundles carry more than one copy of the class. */
interface RequestError extends Error {
  status: number;
  response?: { headers: Record<string, string | undefined> };
}

/** What we were about to do, for the messages. */
export interface Attempt {
  /** After "to": "register a runner for acme/app". */
  doing: string;
  /** The permission it takes, in GitHub's words. */
  permission: string;
}

/** GitHub will not do it until a person has mended something; the message says what. The cause is Octokit's error. */
export class Refused extends Error {
  override name = "Refused";
}

export function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && error.name === "HttpError" && "status" in error;
}

/**
 * Whether GitHub refused for a rate limit, and how long it asks to wait, where it says so.
 * Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit (403 or 429).
 * @param now milliseconds since the epoch
 */
export function readLimit(error: unknown, now: number): { retryAfterSeconds: number | undefined } | undefined {
  if (!isRequestError(error) || (error.status !== 403 && error.status !== 429)) return undefined;
  const headers = error.response?.headers ?? {};
  const isSpent = headers["x-ratelimit-remaining"] === "0";
  const retryAfter = headers["retry-after"];
  const isLimit = error.status === 429 || isSpent || retryAfter !== undefined || /rate limit/i.test(error.message);
  if (!isLimit) return undefined;
  if (retryAfter !== undefined && Number.isFinite(Number(retryAfter))) return { retryAfterSeconds: Number(retryAfter) };
  const reset = Number(headers["x-ratelimit-reset"] ?? Number.NaN);
  // Under a secondary limit the reset is of no meaning: the hour's calls are not what ran out.
  if (!isSpent || !Number.isFinite(reset)) return { retryAfterSeconds: undefined };
  return { retryAfterSeconds: Math.max(1, Math.ceil(reset - now / 1000)) };
}

/**
 * Turns an Octokit error into Unavailable when waiting helps, and into Refused when a person must do something; anything
 * else is thrown as it is.
 * @param now milliseconds since the epoch
 */
export function explainRefusal(error: unknown, now: number, attempt: Attempt): never {
  if (!isRequestError(error)) throw error;
  const limit = readLimit(error, now);
  if (limit) {
    // At least a minute when GitHub names no time, as its documentation asks for.
    const { retryAfterSeconds = 60 } = limit;
    const message = `GitHub's rate limit is reached; it asks to wait ${retryAfterSeconds} s`;
    throw new Unavailable("github", message, { retryAfterSeconds, isRateLimit: true, cause: error });
  }
  // Octokit gives 500 to requests that got no answer at all.
  if (error.status >= 500) throw new Unavailable("github", `GitHub: ${error.message}`, { cause: error });
  const advice = adviceFor(error, attempt);
  if (advice === undefined) throw error;
  throw new Refused(`${advice} (it answered ${error.status}: ${error.message})`, { cause: error });
}

function adviceFor(error: RequestError, { doing, permission }: Attempt): string | undefined {
  const needed = error.response?.headers["x-accepted-github-permissions"]?.replaceAll("=", ": ") ?? permission;
  switch (error.status) {
    case 401:
      return `GitHub does not accept our credentials, so we could not ${doing}: check the App's id and private key (is the key still listed in the App's settings, the clock right?), or renew the token`;
    case 403:
      if (/suspended/i.test(error.message)) {
        return `GitHub did not let us ${doing}: the App's installation is suspended; unsuspend it in the account's settings`;
      }
      if (/SAML|IP allow list/i.test(error.message)) {
        return `GitHub did not let us ${doing}: authorise the token for SAML single sign-on, or add our address to the allow list`;
      }
      return `GitHub did not let us ${doing}: it takes the permission "${needed}"; give it to the App or token, and accept the App's new permissions on its installation page`;
    case 404:
      if (/Integration not found/i.test(error.message)) {
        return `GitHub has no App with this id, so we could not ${doing}: check the App's id`;
      }
      return `GitHub knows no such thing, or hides it from us, so we could not ${doing}: install the App there, with the permission "${needed}", and check owner and scope in the policy`;
    case 422:
      return `GitHub did not let us ${doing}: it finds fault with the request`;
    default:
      return undefined;
  }
}
