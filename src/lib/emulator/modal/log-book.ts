// The persisted log of a Sandbox: its output as text, a line per entry, with the time it was written. Outlives the
// Sandbox. Modal's V1 live output and the logs of both backends are read from it.
import { StringDecoder } from "node:string_decoder";
import { Pulse } from "./pulse.ts";

/** FileDescriptor of the protocol: 1 standard output, 2 standard error. */
export type OutputDescriptor = 1 | 2;

export interface LogEntry {
  /** Counts from 1 within the Sandbox. */
  index: number;
  /** Milliseconds since 1970. */
  time: number;
  fileDescriptor: OutputDescriptor;
  /** A line with its line feed, or what was there of one when nothing followed for a while. */
  data: string;
}

interface Unfinished {
  decoder: StringDecoder;
  text: string;
  timer?: NodeJS.Timeout;
}

/** How long the start of a line waits for its rest, in milliseconds: a prompt without a line feed must show. */
const partialLineDelay = 100;
/** How much is kept per Sandbox, the newest. */
const maxEntries = 200_000;
const maxCharacters = 32 * 1024 * 1024;

export class LogBook {
  readonly changed = new Pulse();
  #entries: LogEntry[] = [];
  #size = 0;
  #count = 0;
  #ended = false;
  readonly #unfinished: Record<OutputDescriptor, Unfinished> = {
    1: { decoder: new StringDecoder("utf8"), text: "" },
    2: { decoder: new StringDecoder("utf8"), text: "" },
  };

  /** True when nothing more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** Entries whose index is greater than the one given. */
  after(index: number): readonly LogEntry[] {
    const first = this.#entries[0]?.index ?? 1;
    return this.#entries.slice(Math.max(0, index + 1 - first));
  }

  append(fileDescriptor: OutputDescriptor, bytes: Buffer): void {
    const unfinished = this.#unfinished[fileDescriptor];
    const lines = (unfinished.text + unfinished.decoder.write(bytes)).split("\n");
    unfinished.text = lines.pop() ?? "";
    for (const line of lines) this.#add(fileDescriptor, `${line}\n`);
    clearTimeout(unfinished.timer);
    if (unfinished.text !== "") {
      unfinished.timer = setTimeout(() => this.#flush(fileDescriptor), partialLineDelay).unref();
    }
    this.changed.fire();
  }

  end(): void {
    for (const fileDescriptor of [1, 2] as const) {
      const unfinished = this.#unfinished[fileDescriptor];
      clearTimeout(unfinished.timer);
      unfinished.text += unfinished.decoder.end();
      this.#flush(fileDescriptor);
    }
    this.#ended = true;
    this.changed.fire();
  }

  #flush(fileDescriptor: OutputDescriptor): void {
    const unfinished = this.#unfinished[fileDescriptor];
    if (unfinished.text === "") return;
    this.#add(fileDescriptor, unfinished.text);
    unfinished.text = "";
    this.changed.fire();
  }

  #add(fileDescriptor: OutputDescriptor, data: string): void {
    // Less one millisecond: the SDK reads "until now" in whole milliseconds, exclusive, and must find what it has seen.
    this.#entries.push({ index: ++this.#count, time: Date.now() - 1, fileDescriptor, data });
    this.#size += data.length;
    if (this.#entries.length <= maxEntries && this.#size <= maxCharacters) return;
    // A tenth at once: dropping them one by one would move all the others each time.
    const dropped = this.#entries.splice(0, Math.ceil(this.#entries.length / 10));
    for (const entry of dropped) this.#size -= entry.data.length;
  }
}
