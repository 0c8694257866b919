// Waiting for something to change: whoever waits looks again after each wake, so a wake says only "look".

export class Pulse {
  #waiters = new Set<() => void>();

  /** Wakes everybody who waits now. */
  fire(): void {
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Resolves at the next fire, when the signal aborts, or after `timeoutMs`, whichever comes first. Never rejects. */
  wait({ signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(wake, timeoutMs);
      const waiters = this.#waiters;
      function wake(): void {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        waiters.delete(wake);
        resolve();
      }
      waiters.add(wake);
      signal?.addEventListener("abort", wake);
    });
  }
}
