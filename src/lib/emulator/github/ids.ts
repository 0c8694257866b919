// Identifiers of everything the emulated GitHub makes: numbers of GitHub's magnitude, node ids, request ids.
import { randomBytes, randomInt } from "node:crypto";

/** Where numbering starts, near what github.com hands out; far enough apart that two kinds never share a number. */
const firstId = {
  account: 30_000_000,
  repository: 800_000_000,
  workflow: 150_000_000,
  app: 1_200_000,
  installation: 60_000_000,
  hook: 500_000_000,
  runner: 20,
  runnerLabel: 100,
  run: 19_000_000_000,
  job: 54_000_000_000,
  delivery: 270_000_000_000,
  message: 0,
  request: 10,
} as const;

export type IdKind = keyof typeof firstId;

export class Ids {
  readonly #last = new Map<IdKind, number>();

  /** The next id of a kind. Ids only grow, in steps that vary, as on a server that many people share. */
  next(kind: IdKind): number {
    const small = firstId[kind] < 1_000;
    const last = this.#last.get(kind) ?? firstId[kind] + (small ? 0 : randomInt(firstId[kind] / 10));
    const id = last + (small ? 1 : randomInt(1, 100));
    this.#last.set(kind, id);
    return id;
  }
}

/** A global node id such as `R_kgDOGpAW4Q`: opaque to clients, so only its form matters. */
export function nodeId(prefix: string, id: number): string {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(0x90, 0);
  bytes.writeBigUInt64BE(BigInt(id), 1);
  return `${prefix}_${bytes.toString("base64url")}`;
}

/** The `X-GitHub-Request-Id` of one answer. */
export function requestId(): string {
  const hex = randomBytes(16).toString("hex").toUpperCase();
  return [hex.slice(0, 4), hex.slice(4, 10), hex.slice(10, 16), hex.slice(16, 22), hex.slice(22, 30)].join(":");
}
