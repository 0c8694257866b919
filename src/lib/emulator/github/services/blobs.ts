// Logs and summaries that runners upload, behind addresses that carry their own permission, as signed storage URLs do.
import { randomBytes } from "node:crypto";
import type { Urls } from "../urls.ts";

/** What a blob is of: a job's whole log, or one step's log or summary. */
export interface BlobKey {
  jobId: string;
  kind: "log" | "summary";
  /** Absent for the whole job. */
  stepId?: string | undefined;
}

export class Blobs {
  readonly #urls: Urls;
  readonly #clock: () => Date;
  readonly #contents = new Map<string, Buffer[]>();
  readonly #uploads = new Map<string, string>();
  readonly #downloads = new Map<string, { text: string; expiresAt: number }>();

  constructor(urls: Urls, clock: () => Date) {
    this.#urls = urls;
    this.#clock = clock;
  }

  /** An address to PUT a blob to. */
  uploadUrl(key: BlobKey): string {
    const link = randomBytes(16).toString("hex");
    this.#uploads.set(link, nameOf(key));
    // Runners add `&comp=appendblock`: the address must have a query already.
    return `${this.#urls.results}blobs/${link}?sp=cw`;
  }

  /** An address to GET a text from, for so many seconds. */
  downloadUrl(text: string, seconds: number): string {
    const now = this.#clock().getTime();
    for (const [old, { expiresAt }] of this.#downloads) if (expiresAt <= now) this.#downloads.delete(old);
    const link = randomBytes(16).toString("hex");
    this.#downloads.set(link, { text, expiresAt: now + seconds * 1000 });
    return `${this.#urls.results}blobs/${link}?sp=r`;
  }

  /** Stores what was sent to an upload address; false when there is no such address. */
  write(link: string, content: Buffer, append: boolean): boolean {
    const name = this.#uploads.get(link);
    if (name === undefined) return false;
    const before = append ? (this.#contents.get(name) ?? []) : [];
    this.#contents.set(name, [...before, content]);
    return true;
  }

  /** The text behind a download address; undefined when there is none or its time is over. */
  readLink(link: string): string | undefined {
    const download = this.#downloads.get(link);
    return download && download.expiresAt > this.#clock().getTime() ? download.text : undefined;
  }

  read(key: BlobKey): string | undefined {
    const chunks = this.#contents.get(nameOf(key));
    return chunks && Buffer.concat(chunks).toString("utf8");
  }
}

function nameOf({ jobId, kind, stepId }: BlobKey): string {
  return `${jobId}/${kind}/${stepId ?? ""}`;
}
