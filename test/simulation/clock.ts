// Virtual time: a queue of events, each at its millisecond. Between two events the promises of the code under test run
// until they wait for an event again. No real timer is ever set.

interface Entry {
  at: number;
  order: number;
  run: () => void;
}

export class Clock {
  /** Milliseconds since the epoch. */
  now: number;
  readonly #heap: Entry[] = [];
  #order = 0;
  #isAwake = false;

  constructor(start: number) {
    this.now = start;
  }

  /** Runs something after so many milliseconds; what is due at the same millisecond runs in the order of the calls. */
  after(milliseconds: number, run: () => void): void {
    const entry = { at: this.now + Math.max(0, Math.round(milliseconds)), order: this.#order++, run };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent] as Entry)) break;
      heap[index] = heap[parent] as Entry;
      index = parent;
    }
    heap[index] = entry;
  }

  /** To be called by an event that settles a promise: time stands still until all that follows from it has run. */
  wake(): void {
    this.#isAwake = true;
  }

  /** Runs events until there are none, the time is reached, or `isOver` says so. */
  async run(until: number, isOver: () => boolean): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.at > until || isOver()) return;
      this.#takeFirst();
      this.now = next.at;
      next.run();
      if (!this.#isAwake) continue;
      this.#isAwake = false;
      // An immediate comes after all promise jobs, however long their chain.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #takeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!isBefore(heap[child] as Entry, last)) break;
      heap[index] = heap[child] as Entry;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
