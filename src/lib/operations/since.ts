// Points in time as people type them: `90m` or `7d` ago, `today`, a date, a time.

import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { parseDuration } from "../policy/units.ts";

/**
 * Milliseconds since the epoch.
 * @param text a duration back from now, `today` (midnight UTC), or an ISO 8601 date or time
 * @throws AbortError (usage) for anything else, and for the future
 */
export function parseSince(text: string, now: number): number {
  const seconds = parseDuration(text);
  const at =
    seconds !== undefined
      ? now - seconds * 1000
      : text === "today"
        ? new Date(now).setUTCHours(0, 0, 0, 0)
        : /^\d{4}-\d\d-\d\d/.test(text)
          ? Date.parse(text)
          : Number.NaN;
  if (at <= now) return at;
  throw new AbortError(`--since ${text} is no time of the past.`, {
    code: "usage",
    exitCode: ExitCode.Usage,
    nextSteps: ["Write a duration such as 24h or 7d, today, or a date such as 2026-01-31."],
  });
}
