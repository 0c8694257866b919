// Keeps the state fresh: asks for each thing at its own pace, one question at a time, ever more seldom while there is no
// answer, and at once when somebody wants to know.
import type { Clock } from "../../lib/cli/clock.ts";
import { explainError } from "../../lib/cli/explain-error.ts";
import { redact } from "../../lib/cli/redact.ts";
import type { DashboardRunner, DashboardSource, KnownSides } from "../../lib/dashboard/source.ts";
import type { Allowance } from "./allowance.ts";
import type { DashboardState, FeedData, FeedName } from "./state.ts";
import type { Store } from "./store.ts";

export interface FeedOptions {
  store: Store;
  source: DashboardSource;
  /** The pace of the runners; everything else goes slower. */
  refreshMs: number;
  clock: Clock;
  /** Milliseconds that this process has kept a core busy so far. */
  busyMs(): number;
  allowance: Allowance;
  signal: AbortSignal;
}

export interface RunningFeeds {
  /** Asks at once; all of what is looked at if none is named. */
  refresh(...names: FeedName[]): void;
  ended: Promise<unknown>;
}

const longestPauseMs = 60_000;
/** Reading the answers of a thousand runners is work: each question may take a hundredth of a core, and no more. */
const pauseForWork = 100;
const longestForWorkMs = 20_000;
/** Below this share of GitHub's limit the rest is left to the controller, which lives on the same. */
const keptShare = 0.2;

/** How often each is asked for, as a multiple of the refresh and at least, and when at all. */
const paces: {
  readonly [Name in FeedName]: { times: number; leastMs: number; isWanted?(state: DashboardState): boolean };
} = {
  sandboxes: { times: 1, leastMs: 0 },
  registrations: { times: 1, leastMs: 0 },
  // Some calls for each repository.
  jobs: { times: 3, leastMs: 0 },
  deliveries: { times: 3, leastMs: 0, isWanted: (state) => state.view === "deliveries" },
  // A list of a day's Sandboxes.
  usage: { times: 12, leastMs: 30_000 },
  rate: { times: 6, leastMs: 10_000 },
};
const atGitHub = new Set<FeedName>(["registrations", "jobs", "deliveries"]);

export interface Pace {
  refreshMs: number;
  /** In a row. */
  failures: number;
  /** How long the last answer took, and how long it kept a core busy. */
  tookMs: number;
  workMs: number;
  rate: FeedData["rate"] | undefined;
  /** Until GitHub may be called again: see allowance.ts. */
  allowanceMs: number;
}

/** Milliseconds until the next question. What takes long, or much, is asked for more seldom. */
export function pauseMs(name: FeedName, options: Pace): number {
  const { refreshMs, failures, tookMs, workMs, rate, allowanceMs } = options;
  const forWork = Math.min(longestForWorkMs, workMs * pauseForWork);
  const forGitHub = atGitHub.has(name) ? allowanceMs : 0;
  const pace = Math.max(paces[name].leastMs, paces[name].times * refreshMs, tookMs, forWork, forGitHub);
  const isShort = rate && atGitHub.has(name) && rate.remaining < rate.limit * keptShare;
  const usual = isShort ? Math.max(pace * 6, longestPauseMs) : pace;
  if (failures === 0) return usual;
  return Math.max(usual, Math.min(longestPauseMs, Math.max(1000, refreshMs) * 2 ** Math.min(failures - 1, 16)));
}

export function startFeeds(options: FeedOptions): RunningFeeds {
  const { store, signal } = options;
  const wakers = new Map<FeedName, () => void>();
  /** Asked for since the question that is under way was put: its answer may be of before. */
  const again = new Set<FeedName>();
  const names = Object.keys(paces) as FeedName[];
  const isWanted = (name: FeedName) => paces[name].isWanted?.(store.state()) ?? true;
  const wake = (name: FeedName) => {
    again.add(name);
    wakers.get(name)?.();
  };

  let { view } = store.state();
  const forget = store.subscribe(() => {
    const { view: next, feeds } = store.state();
    if (next === view) return;
    view = next;
    for (const name of names) if (paces[name].isWanted && isWanted(name) && !feeds[name].failure) wake(name);
  });
  const ended = Promise.all(names.map((name) => run(name))).finally(forget);

  async function run(name: FeedName): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      again.delete(name);
      const [begun, work] = [options.clock.now(), options.busyMs()];
      // The first time programs are loaded and connections made.
      const isFirst = store.state().feeds[name].at === undefined;
      if (isWanted(name)) failures = (await ask(name, failures, options)) ? 0 : failures + 1;
      const tookMs = options.clock.now() - begun;
      const workMs = isFirst ? 0 : options.busyMs() - work;
      const rate = store.state().feeds.rate.data;
      const allowanceMs = options.allowance.waitMs(rate?.limit);
      if (again.has(name)) continue;
      await pause(name, pauseMs(name, { refreshMs: options.refreshMs, failures, tookMs, workMs, rate, allowanceMs }));
    }
  }

  function pause(name: FeedName, ms: number): Promise<void> {
    const woken = new AbortController();
    wakers.set(name, () => woken.abort());
    return options.clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
  }

  return {
    refresh(...wanted) {
      for (const name of wanted.length > 0 ? wanted : names) wake(name);
    },
    ended,
  };
}

/** @returns whether it was answered */
async function ask(name: FeedName, failures: number, options: FeedOptions): Promise<boolean> {
  const { store, source, clock, signal } = options;
  const begun = clock.now();
  try {
    const data = await source[name]();
    if (signal.aborted) return true;
    const at = clock.now();
    store.dispatch({ type: "answered", feed: name, data, askedAt: begun, at, ...joined(name, data, begun, options) });
    return true;
  } catch (error) {
    if (signal.aborted) return true;
    const at = clock.now();
    const { code, message: said } = explainError(error);
    const message = redact(said);
    const rate = store.state().feeds.rate.data;
    const { refreshMs } = options;
    const allowanceMs = options.allowance.waitMs(rate?.limit);
    const pause = pauseMs(name, {
      refreshMs,
      failures: failures + 1,
      tookMs: at - begun,
      workMs: 0,
      rate,
      allowanceMs,
    });
    if (failures === 0) {
      store.dispatch({ type: "said", level: "warning", text: `${wordsFor[name]}: ${message}`, at, isQuiet: true });
    }
    store.dispatch({ type: "failed", feed: name, code, message, at, nextTryAt: at + pause });
    return false;
  }
}

const wordsFor: Record<FeedName, string> = {
  sandboxes: "Modal, Sandboxes",
  registrations: "GitHub, runners",
  jobs: "Jobs",
  deliveries: "GitHub, deliveries",
  usage: "Modal, usage",
  rate: "GitHub, rate limit",
};

/** The runners anew, where it is of them. */
function joined(
  name: FeedName,
  data: FeedData[FeedName],
  askedAt: number,
  { store, source, clock }: FeedOptions,
): { runners: DashboardRunner[] | undefined } | undefined {
  if (name !== "sandboxes" && name !== "registrations" && name !== "jobs") return undefined;
  const { feeds } = store.state();
  const known = <Name extends "sandboxes" | "registrations">(side: Name) => {
    const feed = name === side ? { data: data as FeedData[Name], askedAt } : feeds[side];
    return feed.data && { list: feed.data, askedAt: feed.askedAt ?? 0 };
  };
  const { jobs } = (name === "jobs" ? (data as FeedData["jobs"]) : feeds.jobs.data) ?? {};
  const { runners: former } = store.state();
  const sides: KnownSides = { sandboxes: known("sandboxes"), registrations: known("registrations"), jobs, former };
  const runners = source.runners(sides, clock.now());
  // That GitHub has no registrations does not say that nothing runs at Modal.
  return { runners: runners.length > 0 || sides.sandboxes ? runners : undefined };
}
