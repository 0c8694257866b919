// How the two services are doing, and how old is what is shown, as told by the feeds.
import type { Feed, FeedName, Feeds } from "./state.ts";

export interface Health {
  state: "unknown" | "up" | "down";
  /** Milliseconds since the epoch: since when it is down. */
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
  const [first] = failures.toSorted((a, b) => a.since - b.since);
  // One of several that fails may be a matter of permissions; what the fleet lives on is the first.
  if (first && asked[0]?.failure) {
    return { state: "down", since: first.since, message: first.message, nextTryAt: first.nextTryAt };
  }
  const isUp = asked.some(({ at }) => at !== undefined);
  return { state: isUp ? "up" : "unknown", since: undefined, message: undefined, nextTryAt: undefined };
}

/** Of these feeds the one that has failed for longest: what is shown is as old as that. */
export function stalest(names: readonly FeedName[], feeds: Feeds): Feed<unknown> | undefined {
  const failing: Feed<unknown>[] = names.map((name) => feeds[name]).filter(({ failure }) => failure !== undefined);
  return failing.toSorted((a, b) => (a.failure?.since ?? 0) - (b.failure?.since ?? 0))[0];
}
