// Holds the state, and tells the screen when it has changed.
import { type DashboardEvent, reduce } from "./reduce.ts";
import type { DashboardState } from "./state.ts";

export interface Store {
  state(): DashboardState;
  dispatch(event: DashboardEvent): void;
  /** @returns ends the subscription */
  subscribe(listener: () => void): () => void;
}

/** Answers that come together are shown together. */
const togetherMs = 1000;

/** What is known already, only newer, can wait for a moment: each drawing of the screen takes its time. */
function isForNow(event: DashboardEvent, { feeds }: DashboardState): boolean {
  return event.type !== "answered" || feeds[event.feed].at === undefined || feeds[event.feed].failure !== undefined;
}

export function createStore(initial: DashboardState): Store {
  let state = initial;
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const listener of listeners) listener();
  };
  return {
    state: () => state,
    dispatch(event) {
      const next = reduce(state, event);
      if (next === state) return;
      const isNews = isForNow(event, state);
      state = next;
      if (isNews) tell();
      else timer ??= setTimeout(tell, togetherMs).unref();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
