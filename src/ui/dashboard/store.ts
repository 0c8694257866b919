// Holds the state, and tells the screen when it has changed.
import { type DashboardEvent, reduce } from "./reduce.ts";
import type { DashboardState } from "./state.ts";

export interface Store {
  state(): DashboardState;
  dispatch(event: DashboardEvent): void;
  /** @returns ends the subscription */
  subscribe(listener: () => void): () => void;
}

export function createStore(initial: DashboardState): Store {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    state: () => state,
    dispatch(event) {
      const next = reduce(state, event);
      if (next === state) return;
      state = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
