// The one module of the policy that does I/O: finds and reads the operator's file.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parsePolicy } from "./parse.ts";
import type { Policy } from "./schema.ts";

export interface LoadedPolicy {
  policy: Policy;
  file: string;
  /** First 12 hexadecimal digits of the SHA-256 of the file's bytes. */
  hash: string;
}

/**
 * Reads and checks a policy file.
 * @throws PolicyError when it is not a policy
 * @throws Error with `code` ENOENT when there is no such file
 */
export async function loadPolicy(file: string): Promise<LoadedPolicy> {
  const text = await readFile(file, "utf8");
  return {
    policy: parsePolicy(text, file),
    file,
    hash: createHash("sha256").update(text).digest("hex").slice(0, 12),
  };
}
