// Durations as flags: `--since 1h`, `--wait 10s`.
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { parseDuration } from "../policy/units.ts";

/**
 * Milliseconds of `45s`, `90m`, `1h30m`, `1d` or `0`.
 * @param flag its name without dashes
 * @throws AbortError (usage) when the text is none of these
 */
export function parseDurationFlag(flag: string, text: string): number {
  const seconds = text === "0" ? 0 : parseDuration(text);
  if (seconds !== undefined) return seconds * 1000;
  throw new AbortError(`--${flag} ${text} is no duration.`, {
    code: "usage",
    exitCode: ExitCode.Usage,
    nextSteps: ["Write it like 30s, 10m, 2h or 1d."],
  });
}
