import { describe, expect, it } from "vitest";
import type { Clock } from "../../../src/lib/cli/clock.ts";
import { AbortError } from "../../../src/lib/cli/errors.ts";
import type { DashboardJobs, DashboardSource } from "../../../src/lib/dashboard/source.ts";
import { Allowance } from "../../../src/ui/dashboard/allowance.ts";
import { pauseMs, startFeeds } from "../../../src/ui/dashboard/feeds.ts";
import type { FeedName } from "../../../src/ui/dashboard/state.ts";
import { createStore } from "../../../src/ui/dashboard/store.ts";
import { largeFleet } from "../../bench/large-fleet.ts";
import { emptyState, job, now, turns } from "./examples.ts";

const usual = { refreshMs: 5000, failures: 0, tookMs: 100, workMs: 10, rate: undefined, allowanceMs: 0 };
const allowance = new Allowance(
  () => 0,
  () => now,
);
const short = { limit: 5000, remaining: 500, resetsAt: 0 };

describe("the pace of what is asked for", () => {
  it.each<[string, FeedName, Partial<typeof usual> | { rate: typeof short }, number]>([
    ["of runners is the refresh", "sandboxes", {}, 5000],
    ["of jobs is slower", "jobs", {}, 15_000],
    ["of usage is slower still", "usage", { refreshMs: 1000 }, 30_000],
    ["is as slow as the answers", "sandboxes", { tookMs: 9000 }, 9000],
    ["leaves a core alone that answers keep busy", "sandboxes", { workMs: 80 }, 8000],
    ["is never slower than so for work", "sandboxes", { workMs: 5000 }, 20_000],
    ["halves with each failure", "sandboxes", { failures: 3 }, 20_000],
    ["is never slower than a minute for failures", "sandboxes", { failures: 30 }, 60_000],
    ["spares GitHub's limit when little of it is left", "registrations", { rate: short }, 60_000],
    ["waits for its share of GitHub's calls", "jobs", { allowanceMs: 40_000 }, 40_000],
    ["does not wait at Modal for its share of GitHub's calls", "sandboxes", { allowanceMs: 40_000 }, 5000],
    ["does not spare Modal for GitHub's limit", "sandboxes", { rate: short }, 5000],
  ])("%s", (_, name, changes, expected) => {
    expect(pauseMs(name, { ...usual, ...changes })).toBe(expected);
  });
});

/** Sleeps until told: each sleeper is woken by its test. */
function manualClock(): { clock: Clock; sleepers: number[] } {
  const sleepers: number[] = [];
  return {
    sleepers,
    clock: {
      now: () => now,
      sleep: (ms, signal) =>
        new Promise((_, reject) => {
          sleepers.push(ms);
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        }),
    },
  };
}

/** Feeds of a source that have asked for the first time. */
async function started(source: DashboardSource) {
  const over = new AbortController();
  const store = createStore(emptyState());
  const { clock } = manualClock();
  const { signal } = over;
  const feeds = startFeeds({ store, source, refreshMs: 1000, clock, busyMs: () => 0, allowance, signal });
  await turns();
  return {
    store,
    feeds,
    async end() {
      over.abort();
      await feeds.ended;
    },
  };
}

describe("feeds", () => {
  it("ask for all that is looked at, once, and again when told", async () => {
    const asked: string[] = [];
    const note = (name: string) => void asked.push(name);
    const source = largeFleet(3, () => now);
    const counting: DashboardSource = {
      ...source,
      sandboxes() {
        note("sandboxes");
        return source.sandboxes();
      },
      deliveries() {
        note("deliveries");
        return source.deliveries();
      },
    };
    const { store, feeds, end } = await started(counting);
    expect(asked).toEqual(["sandboxes"]);
    expect(store.state().runners).toHaveLength(3);
    store.dispatch({ type: "command", command: "deliveries" });
    await turns();
    expect(asked).toEqual(["sandboxes", "deliveries"]);
    feeds.refresh("sandboxes");
    await turns();
    expect(asked).toEqual(["sandboxes", "deliveries", "sandboxes"]);
    await end();
  });

  it("ask again after the question that was under way when they were told to", async () => {
    const fleet = largeFleet(1, () => now);
    const answers = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let asked = 0;
    const source: DashboardSource = {
      ...fleet,
      async sandboxes() {
        await answers[asked++]?.promise;
        return fleet.sandboxes();
      },
    };
    const { feeds, end } = await started(source);
    feeds.refresh("sandboxes");
    feeds.refresh("sandboxes");
    answers[0]?.resolve();
    await turns();
    expect(asked).toBe(2);
    answers[1]?.resolve();
    await turns();
    expect(asked).toBe(2);
    await end();
  });

  it("tell of the runners anew when the jobs come, which say what each runs", async () => {
    const fleet = largeFleet(1, () => now);
    const jobs = Promise.withResolvers<DashboardJobs>();
    const source: DashboardSource = {
      ...fleet,
      sandboxes: async () => (await fleet.sandboxes()).map((sandbox) => ({ ...sandbox, busy: false })),
      jobs: () => jobs.promise,
    };
    const { store, end } = await started(source);
    expect(store.state().runners).toMatchObject([{ state: "busy", job: 0 }]);
    jobs.resolve({
      jobs: [job(5, { state: "running", runner: store.state().runners?.[0]?.runner ?? "" })],
      unseen: [],
      isWhole: true,
    });
    await turns();
    expect(store.state().runners).toMatchObject([{ state: "busy", job: 5 }]);
    await end();
  });

  it("say nothing of how many runners there are while Modal has told of none, and GitHub knows none", async () => {
    const source: DashboardSource = {
      ...largeFleet(0, () => now),
      sandboxes: async () => {
        throw new AbortError("Modal could not be reached.");
      },
    };
    const { store, end } = await started(source);
    expect(store.state().feeds.registrations.data).toEqual([]);
    expect(store.state().runners).toBeUndefined();
    await end();
  });

  it("tell once of a failure, without secrets, and when the next try is", async () => {
    const source: DashboardSource = {
      ...largeFleet(3, () => now),
      sandboxes: async () => {
        throw new AbortError("Modal refused ak-0123456789abcdef");
      },
    };
    const { store, feeds, end } = await started(source);
    feeds.refresh("sandboxes");
    await turns();
    expect(store.state().feeds.sandboxes.failure).toMatchObject({
      code: expect.any(String),
      message: "Modal refused ak-[redacted]",
      nextTryAt: now + 2000,
    });
    expect(store.state().messages).toHaveLength(1);
    // GitHub alone tells of the runners now.
    expect(store.state().runners).toHaveLength(3);
    await end();
  });
});
