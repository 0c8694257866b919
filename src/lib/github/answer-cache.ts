// Remembers answers by their ETag. A conditional request that GitHub answers with 304 costs nothing of the hourly limit:
// docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate.
import { deserialize, serialize } from "node:v8";

/** What Octokit returns, as far as it is kept. */
export interface Answer {
  headers: Record<string, string | number | undefined>;
  data: unknown;
}

/** An answer that GitHub may say is still right. */
export interface KnownAnswer {
  etag: string;
  /** A copy: Octokit changes what it is given. */
  copy(): Answer;
}

interface Entry extends KnownAnswer {
  bytes: number;
}

export class AnswerCache {
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes of all answers together; a page of 100 runs has about one and a half million */
  constructor(maxBytes = 32 * 1024 * 1024) {
    this.#maxBytes = maxBytes;
  }

  /** The last answer from this address. */
  find(url: string): KnownAnswer | undefined {
    const entry = this.#entries.get(url);
    if (!entry) return undefined;
    this.#entries.delete(url);
    this.#entries.set(url, entry);
    return entry;
  }

  /** Keeps an answer that has an ETag. */
  keep(url: string, { headers, data }: Answer): void {
    this.#drop(url);
    const { etag } = headers;
    if (typeof etag !== "string") return;
    // Not JSON: ids of deliveries may be bigints.
    const kept = serialize(data);
    if (kept.length > this.#maxBytes / 4) return;
    this.#entries.set(url, { etag, bytes: kept.length, copy: () => ({ headers, data: deserialize(kept) }) });
    this.#bytes += kept.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(url: string): void {
    this.#bytes -= this.#entries.get(url)?.bytes ?? 0;
    this.#entries.delete(url);
  }
}
