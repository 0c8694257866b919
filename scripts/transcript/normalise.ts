// Makes what was printed in one session comparable with what is printed in another: ids are numbered anew, times begin at
// a fixed moment, folders and ports are named. Lengths stay the same, so that tables stay aligned.
import { stripVTControlCharacters } from "node:util";
import { projectRoot } from "../layering.ts";

const pattern = new RegExp(
  [
    "(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z)",
    "(?<clock>\\b\\d\\d:\\d\\d:\\d\\d\\b)",
    "(?<address>127\\.0\\.0\\.1:\\d+)",
    "\\b(?<pool>cpu|gpu)-(?<job>\\d+)(?<end>(?:-\\d+-[0-9a-z]+)?)",
    "\\b(?<kind>sb|im|ap)-(?<code>[0-9A-Za-z]{2,})",
    "\\b\\d{8,}\\b",
  ].join("|"),
  "g",
);

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
    return screen
      .split("\n")
      .map((line) => this.#line(line).trimEnd())
      .join("\n")
      .trim();
  }

  #line(drawn: string): string {
    // What was drawn over is gone; and what the terminal echoed of the end of its input is none of ours.
    const line = stripVTControlCharacters(drawn.split("\r").at(-1) ?? "").replace(/^\^@/, "");
    return line
      .replaceAll(this.#folder, "~")
      .replaceAll(projectRoot, "/opt/modal-gha")
      .replace(/modal-gha-[0-9A-Za-z]{6}\//g, "modal-gha-dev/")
      .replace(pattern, (text, ...rest) => {
        const found = rest.at(-1) as Record<string, string | undefined>;
        if (found["time"] !== undefined) return `${this.#time(text).slice(0, text.length - 1)}Z`;
        if (found["clock"] !== undefined) return this.#clock(text);
        if (found["address"] !== undefined) return `127.0.0.1:${"4".repeat(text.length - 10)}`;
        if (found["pool"] !== undefined)
          return this.#runner(text, found["pool"], found["job"] ?? "", found["end"] ?? "");
        if (found["kind"] !== undefined) return `${found["kind"]}-${this.#code(found["code"] ?? "")}`;
        return this.#number(text, "7");
      });
  }

  /** Of the same length; where a table has cut the job's id, its first digits are the same for all. */
  #runner(text: string, pool: string, job: string, end: string): string {
    if (end === "") return `${pool}-${"6".padEnd(text.length - pool.length - 1, "0")}`;
    const number = this.#number(job, "6");
    return `${pool}-${number}${end.replace(/[0-9a-z]+$/, (code) => number.slice(-4).padStart(code.length, "r"))}`;
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
