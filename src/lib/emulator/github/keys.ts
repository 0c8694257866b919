// RSA keys of Apps and runners. Making one costs a tenth of a second of processor time, so a few are made per process
// and then dealt out in turn: enough to tell one holder from another, and a thousand runners cost no more than four.
import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);
const keys: Promise<KeyObject>[] = [];
const limit = 4;
let turn = 0;

/** A 2048-bit RSA private key, other than the three dealt before it. */
export function nextRsaKey(): Promise<KeyObject> {
  const index = turn++ % limit;
  keys[index] ??= generate("rsa", { modulusLength: 2048 }).then(({ privateKey }) => privateKey);
  return keys[index];
}
