// The one module of the policy that does I/O: finds and reads the operator's file, and names its content by a hash.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { canonicalText } from "./difference.ts";
import { checkPolicy, type PolicyFault } from "./parse.ts";
import type { Policy } from "./schema.ts";

export interface LoadedPolicy {
  policy: Policy;
  file: string;
  /** What is in the file. */
  text: string;
  /** See policyHash. */
  hash: string;
  /** What is allowed in it and yet probably a mistake. */
  warnings: PolicyFault[];
}

/**
 * First 12 hexadecimal digits of the SHA-256 of the policy's canonical text: files that differ in comments, in the order
 * of keys or in defaults written out have the same.
 */
export function policyHash(policy: Policy): string {
  return createHash("sha256").update(canonicalText(policy)).digest("hex").slice(0, 12);
}

/**
 * Reads and checks a policy file.
 * @throws PolicyError when it is not a policy
 * @throws Error with `code` ENOENT when there is no such file
 */
export async function loadPolicy(file: string): Promise<LoadedPolicy> {
  const text = await readFile(file, "utf8");
  const { policy, warnings } = checkPolicy(text, file);
  return { policy, file, text, hash: policyHash(policy), warnings };
}
