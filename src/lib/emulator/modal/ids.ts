// Identifiers in the shapes that Modal's clients look at.
import { randomInt } from "node:crypto";

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

function random(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

export type SandboxVersion = 1 | 2;

/** `<prefix>-` and 22 letters or digits: the shape of Apps, Secrets, Volumes, Environments and tokens. */
export function newId(prefix: string): string {
  return `${prefix}-${random(base62, 22)}`;
}

/** The SDK tells the backend by this: exactly 22 base62 characters mean V1, anything else V2 (Modal uses 26). */
export function newSandboxId(version: SandboxVersion): string {
  return version === 1 ? newId("sb") : `sb-${random(crockford, 26)}`;
}

/** Modal's Python client takes a task id that ends in V for one of the V2 backend. */
export function newTaskId(version: SandboxVersion): string {
  return version === 1 ? `${newId("ta").slice(0, -1)}0` : `ta-${random(crockford, 25)}V`;
}

/** An id that is always the same for the same content: `digest` is a hash of it. */
export function contentId(prefix: string, digest: Buffer): string {
  return `${prefix}-${Array.from(digest.subarray(0, 22), (byte) => base62[byte % base62.length]).join("")}`;
}
