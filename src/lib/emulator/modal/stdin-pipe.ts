// Standard input by offsets: a client that repeats a write, because it lost the reply, does not write twice.
import type { Writable } from "node:stream";
import { failedPrecondition, invalid } from "./errors.ts";

export class StdinPipe {
  readonly #target: Writable | undefined;
  #written = 0;
  #chunks = 0;
  #closed = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(target: Writable | undefined) {
    this.#target = target;
    target?.once("close", () => {
      this.#closed = true;
    });
  }

  get bytesWritten(): number {
    return this.#written;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** As `write`, for clients that number their writes from 1 instead of counting bytes. */
  writeNumbered(index: number, data: Uint8Array, eof: boolean): Promise<void> {
    const turn = this.#queue.then(async () => {
      if (index <= this.#chunks) return;
      await this.#write(this.#written, data, eof);
      this.#chunks = index;
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /**
   * Writes what is new of `data`, which starts at `offset`, and then ends the input if `eof`. Resolves when the pipe has
   * taken it.
   * @throws ServerError FAILED_PRECONDITION when the input is closed, INVALID_ARGUMENT for an offset with a gap before it.
   */
  write(offset: number, data: Uint8Array, eof: boolean): Promise<void> {
    const turn = this.#queue.then(() => this.#write(offset, data, eof));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #write(offset: number, data: Uint8Array, eof: boolean): Promise<void> {
    // The SDK closes with offset 0, whatever it wrote before.
    const fresh = data.length === 0 ? data : data.subarray(Math.min(data.length, this.#written - offset));
    if (data.length > 0 && offset > this.#written) {
      throw invalid(`stdin offset ${offset} is past the ${this.#written} bytes written`);
    }
    if (fresh.length > 0) {
      if (this.#closed) throw failedPrecondition("stdin is closed");
      await new Promise<void>((resolve, reject) => {
        this.#target?.write(fresh, (error) => (error ? reject(failedPrecondition("stdin is closed")) : resolve()));
        if (!this.#target) reject(failedPrecondition("stdin is closed"));
      });
      this.#written += fresh.length;
    }
    if (eof && !this.#closed) {
      this.#closed = true;
      this.#target?.end();
    }
  }
}
