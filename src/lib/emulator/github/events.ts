// What the emulator tells its host (the demo, the tests) about itself, as it happens.
import type { JobView, RunnerView, RunView } from "./views.ts";

export type GitHubEvent =
  | { type: "job"; action: "queued" | "in_progress" | "updated" | "completed"; job: JobView }
  | { type: "run"; action: "requested" | "in_progress" | "completed"; run: RunView }
  | { type: "runner"; action: "registered" | "online" | "offline" | "removed"; runner: RunnerView }
  | {
      type: "delivery";
      delivery: { id: number; guid: string; event: string; action: string | null; statusCode: number };
    };

export type GitHubListener = (event: GitHubEvent) => void;

export class Events {
  readonly #listeners = new Set<GitHubListener>();

  /** Calls the listener for every event from now on; the function returned ends that. */
  on(listener: GitHubListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: GitHubEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
