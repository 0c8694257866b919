// The output of a process as bytes with offsets: written once, read by any number of readers, live, from any offset.
import { Pulse } from "./pulse.ts";

interface Chunk {
  offset: number;
  data: Uint8Array;
}

export class ByteLog {
  readonly #limit: number;
  readonly #changed = new Pulse();
  #chunks: Chunk[] = [];
  #length = 0;
  #ended = false;

  /** @param limit bytes to keep at least; beyond them the oldest are dropped, as Modal does with a Sandbox's live output. */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  append(data: Uint8Array): void {
    if (data.length === 0 || this.#ended) return;
    this.#chunks.push({ offset: this.#length, data });
    this.#length += data.length;
    // A quarter at once: dropping them one by one would move all the others each time.
    if (this.#length - this.#chunks[0]!.offset > this.#limit * 1.25) {
      this.#chunks.splice(0, this.#find(this.#length - this.#limit));
    }
    this.#changed.fire();
  }

  end(): void {
    this.#ended = true;
    this.#changed.fire();
  }

  /**
   * What follows `offset`, as it comes, until the log ends or the signal aborts. No piece is empty; each says where it
   * starts, which is past `offset` when older output was dropped.
   */
  async *read(offset: number, signal?: AbortSignal): AsyncGenerator<Chunk, void, undefined> {
    let position = offset;
    while (!signal?.aborted) {
      const chunk = this.#chunks[this.#find(position)];
      if (chunk) {
        const skip = Math.max(0, position - chunk.offset);
        position = chunk.offset + chunk.data.length;
        yield { offset: chunk.offset + skip, data: chunk.data.subarray(skip) };
      } else if (this.#ended) {
        return;
      } else {
        await this.#changed.wait({ signal });
      }
    }
  }

  /** Index of the first chunk with a byte at or past the offset. */
  #find(offset: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { offset: start, data } = this.#chunks[middle]!;
      if (start + data.length > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
