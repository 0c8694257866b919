// Lets so many through at a time; the others wait in the order they came.

export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Resolves inside; the function returned leaves. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => {
      const next = this.#waiting.shift();
      // Handed on rather than freed, so that nobody slips in between.
      if (next) next();
      else this.#free++;
    };
  }
}
