// Makes what was printed in one session comparable with what is printed in another: ids are numbered anew, times begin at
// a fixed moment, folders and ports are named. Lengths stay the same, so that tables stay aligned.
import { stripVTControlCharacters } from "node:util";

/** Every session of the document begins here. */
const beginning = Date.parse("2026-01-15T09:00:00Z");

export class Normaliser {
  readonly #numbers = new Map<string, string>();
  readonly #shiftMs: number;
  readonly #folder: string;

  /** @param jobIds in the order in which the document numbers them */
  constructor(options: { startedAt: number; folder: string; jobIds: readonly number[] }) {
    this.#shiftMs = beginning - options.startedAt;
    this.#folder = options.folder;
    for (const [index, id] of options.jobIds.entries()) {
      const text = String(id);
      this.#numbers.set(text, String(6 * 10 ** (text.length - 1) + index + 1));
    }
  }

  text(screen: string): string {
    return stripVTControlCharacters(screen)
      .replaceAll(this.#folder, "~")
      .replace(/\b(cpu|gpu)-(\d+)-(\d+)-[0-9a-z]{10}\b/g, (_, pool, job, attempt) => {
        const number = this.#numbers.get(job) ?? job;
        return `${pool}-${number}-${attempt}-${number.slice(-4).padStart(10, "r")}`;
      })
      .replace(/\b\d{8,}\b/g, (digits) => this.#number(digits, "7"))
      .replace(/\b(sb|im|ap)-([0-9A-Za-z]{2,})/g, (_, kind, id) => `${kind}-${this.#code(id)}`)
      .replace(/\b[0-9a-f]{12}\b/g, (hash) => this.#code(hash))
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (time) => this.#time(time).slice(0, time.length - 1) + "Z")
      .replace(/\b\d\d:\d\d:\d\d\b/g, (clock) => this.#clock(clock))
      .replace(/127\.0\.0\.1:\d+/g, (address) => `127.0.0.1:${"4".repeat(address.length - 10)}`)
      .split("\n")
      .map((line) => line.trimEnd())
      .join("\n")
      .trim();
  }

  #number(digits: string, first: string): string {
    const known = this.#numbers.get(digits);
    if (known !== undefined) return known;
    const given = `${first}${String(this.#numbers.size).padStart(digits.length - 1, "0")}`;
    this.#numbers.set(digits, given);
    return given;
  }

  /** The same for the same, and of the same length; also of what a table has cut. */
  #code(id: string): string {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const given = String(this.#numbers.size).padStart(id.length, "0").slice(-id.length);
    this.#numbers.set(id, given);
    return given;
  }

  #time(text: string): string {
    return new Date(Date.parse(text) + this.#shiftMs).toISOString();
  }

  #clock(text: string): string {
    const day = new Date(beginning - this.#shiftMs).toISOString().slice(0, 10);
    return this.#time(`${day}T${text}Z`).slice(11, 19);
  }
}

/** What must not differ between two sessions: the words, not how long things took and what they cost. */
export function skeleton(document: string): string {
  return document
    .replace(/\d+(?:[.,]\d+)*/g, "0")
    .replace(/(?:0(?:ms|s|m|h|d) ?)+/g, "0s")
    .replace(/[ \t]+/g, " ");
}
