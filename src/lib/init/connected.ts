// Whether the controller can do its work with what it has: a webhook that comes back well only shows that it has GitHub's
// secret, not that the App's key or its token for Modal still count.
import { ask } from "../modal/deploy/health.ts";
import type { Bench } from "./bench.ts";

/** One that has just started is still about to connect, and one answer may be lost on the way. Milliseconds. */
const pausesMs = [1_000, 2_000, 3_000, 4_000];

/**
 * What the controller says of that: `yes`; `no`, some seconds long; `unknown` where it has no credentials yet, or does not
 * answer.
 * @throws the signal's reason
 */
export async function isConnected(
  { sleep, signal }: Pick<Bench, "sleep" | "signal">,
  url: string,
): Promise<"yes" | "no" | "unknown"> {
  for (let attempt = 0; ; attempt++) {
    const health = await ask(url, signal);
    const isSilent = typeof health === "string";
    if (!isSilent && !health.configured) return "unknown";
    // One of an older version does not tell.
    if (!isSilent && health.connected !== false) return "yes";
    const pauseMs = pausesMs[attempt];
    if (pauseMs === undefined) return isSilent ? "unknown" : "no";
    await sleep(pauseMs, signal);
  }
}
