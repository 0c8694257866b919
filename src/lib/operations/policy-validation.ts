// Checks a policy file for `config validate`, and says the result in words.
import { readFile } from "node:fs/promises";
import type { Colours } from "../cli/colours.ts";
import { AbortError } from "../cli/errors.ts";
import { policyHash } from "../policy/load.ts";
import { checkPolicy, PolicyError, type PolicyFault, writeFault } from "../policy/parse.ts";

export interface PolicyValidation {
  file: string;
  valid: boolean;
  /** Names the policy's content (policyHash); null when it is not valid. */
  hash: string | null;
  /** Names of its pools, in the order of the file. */
  pools: string[];
  faults: PolicyFault[];
  warnings: PolicyFault[];
}

/**
 * Reads and checks a policy file.
 * @throws AbortError when there is no such file, or what Node throws when it cannot be read
 */
export async function validatePolicy(file: string): Promise<PolicyValidation> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "ENOENT" ? noPolicy(file, cause) : cause;
  });
  try {
    const { policy, warnings } = checkPolicy(text, file);
    const pools = policy.pools.map((pool) => pool.name);
    return { file, valid: true, hash: policyHash(policy), pools, faults: [], warnings };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { file, valid: false, hash: null, pools: [], faults: error.faults, warnings: [] };
  }
}

function noPolicy(file: string, cause: Error): AbortError {
  return new AbortError(`There is no policy file ${file}.`, {
    code: "no-policy",
    nextSteps: ["Name it: modal-gha config validate <file>", "Or for good: modal-gha config set policyFile <file>"],
    cause,
  });
}

/** A line for each fault and warning, with its place, and one for the whole. */
export function renderValidation({ file, hash, pools, faults, warnings }: PolicyValidation, colours: Colours): string {
  const { red, yellow, green } = colours;
  const lines = [
    ...faults.map((fault) => writeFault(file, { ...fault, path: `${red("error")} ${fault.path}`.trimEnd() })),
    ...warnings.map((fault) => writeFault(file, { ...fault, path: `${yellow("warning")} ${fault.path}`.trimEnd() })),
  ];
  const amount = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;
  const found = hash === null ? red(amount(faults.length, "error")) : green("valid");
  const more = warnings.length > 0 ? `, ${amount(warnings.length, "warning")}` : "";
  const what = hash === null ? "" : `; ${amount(pools.length, "pool")} (${pools.join(", ")}), hash ${hash}`;
  return [...lines, `${file}: ${found}${more}${what}`].join("\n");
}
