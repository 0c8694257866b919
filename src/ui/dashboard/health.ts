// How the two services are doing, and how old is what is shown, as told by the feeds.
import type { Feed, FeedName, Feeds } from "./state.ts";

export interface Health {
  /** `limited`: our calls of the hour are used up. `refusing`: it answers, but will not do it until a person mends something. */
  state: "unknown" | "up" | "down" | "limited" | "refusing";
  /** Milliseconds since the epoch: since when it is not up. */
  since: number | undefined;
  message: string | undefined;
  nextTryAt: number | undefined;
}

/** Feeds that one service alone answers. That of jobs needs both, and is no witness. */
const witnesses = { github: ["registrations", "rate"], modal: ["sandboxes"] } as const satisfies Record<
  string,
  readonly FeedName[]
>;

export function healthOf(service: keyof typeof witnesses, feeds: Feeds): Health {
  const asked: readonly Feed<unknown>[] = witnesses[service].map((name) => feeds[name]);
  const failures = asked.flatMap(({ failure }) => failure ?? []);
  // One of several that fails may be a matter of permissions; what the fleet lives on is the first.
  if (asked[0]?.failure) {
    const worst = failures.find(({ code }) => stateAfter(code) === "down") ?? asked[0].failure;
    const since = Math.min(...failures.map((failure) => failure.since));
    return { state: stateAfter(worst.code), since, message: worst.message, nextTryAt: worst.nextTryAt };
  }
  const isUp = asked.some(({ at }) => at !== undefined);
  return { state: isUp ? "up" : "unknown", since: undefined, message: undefined, nextTryAt: undefined };
}

/** @param code of explainError */
function stateAfter(code: string): "down" | "limited" | "refusing" {
  if (code === "github-rate-limited") return "limited";
  return /^(network|timeout|certificate|bug)$|-(unavailable|unreachable|error)$/.test(code) ? "down" : "refusing";
}

/** Of these feeds the one that has failed for longest: what is shown is as old as that. */
export function stalest(names: readonly FeedName[], feeds: Feeds): Feed<unknown> | undefined {
  const failing: Feed<unknown>[] = names.map((name) => feeds[name]).filter(({ failure }) => failure !== undefined);
  return failing.toSorted((a, b) => (a.failure?.since ?? 0) - (b.failure?.since ?? 0))[0];
}
