// What happened, for people: each line with the things it is about, so that a violation can show only what led to it.

interface Line {
  at: number;
  text: string;
  about: readonly (string | number)[];
}

export class Trace {
  readonly #lines: Line[] = [];
  readonly #isOn: boolean;

  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  /** @param about jobs' ids, names of Sandboxes and runners; nothing for what concerns all */
  add(at: number, text: string, about: readonly (string | number)[] = []): void {
    if (this.#isOn) this.#lines.push({ at, text, about });
  }

  /** The lines about these things, and those about everything, in order. */
  about(things: readonly (string | number)[], start: number, limit = 80): string[] {
    const wanted = new Set(things);
    const lines = this.#lines.filter(
      (line) => line.about.length === 0 || line.about.some((thing) => wanted.has(thing)),
    );
    const told = lines.slice(-limit).map((line) => `  ${clockTime(line.at - start)}  ${line.text}`);
    return lines.length > limit ? [`  ... ${lines.length - limit} earlier lines`, ...told] : told;
  }
}

/** Time since the start: h:mm:ss.mmm. */
export function clockTime(milliseconds: number): string {
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  const seconds = Math.floor(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}.${pad(milliseconds % 1000, 3)}`;
}
