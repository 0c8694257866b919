// How much clocks may differ: what is signed with a time is refused by who has another.
import { formatDuration } from "../../cli/durations.ts";
import { type Finding, fail, notApplicable, ok, warn } from "../check.ts";

/** Clocks that differ by less are no trouble to anybody. */
const tolerableMs = 30_000;
/** From here on the controller refuses our questions: lib/controller/policy-question.ts. */
const intolerableMs = 5 * 60_000;

/**
 * @param whose such as "GitHub's"
 * @param aheadMs how far that clock is ahead of ours; undefined where it was not told
 */
export function judgeClock(whose: string, aheadMs: number | undefined): Finding {
  if (aheadMs === undefined) return notApplicable("The answer tells no time.");
  const off = Math.abs(aheadMs);
  if (off < tolerableMs) return ok(`This machine's and ${whose} agree.`);
  const detail = `This machine's is ${formatDuration(off)} ${aheadMs > 0 ? "behind" : "ahead of"} ${whose}.`;
  const mend = "Set it: sudo timedatectl set-ntp true, or how your system does that.";
  return off < intolerableMs ? warn(detail, mend) : fail(detail, mend);
}
