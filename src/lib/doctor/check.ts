// A link of the chain from a job to its runner, as something that can be checked; and what was found.
import type { CheckId } from "./check-ids.ts";
import type { Facts } from "./facts/facts.ts";

/** `skipped`: it does not apply here, or could not be looked at because an earlier link failed. */
export type Status = "ok" | "warn" | "fail" | "skipped";

export interface Finding {
  status: Status;
  /** What was found, in a sentence or two. */
  detail: string;
  /** What to type or do, most useful first; of an `ok` nothing. */
  mend: readonly string[];
  /** Credentials are missing, wrong or lack a permission. */
  isAuthentication?: boolean;
}

export interface Check {
  id: CheckId;
  /** What the link is called; a noun. */
  title: string;
  /** Links without which nothing can be said of this one. */
  needs: readonly CheckId[];
  /** Milliseconds within which it must be done. */
  limitMs?: number;
  /** May throw: what is thrown is explained, and counts as `fail`. */
  run(facts: Facts, signal: AbortSignal): Promise<Finding> | Finding;
}

export function ok(detail: string): Finding {
  return { status: "ok", detail, mend: [] };
}

export function warn(detail: string, ...mend: readonly string[]): Finding {
  return { status: "warn", detail, mend };
}

export function fail(detail: string, ...mend: readonly string[]): Finding {
  return { status: "fail", detail, mend };
}

/** Of a link that lacks a right, so that the exit code says so. */
export function lacksRight(detail: string, ...mend: readonly string[]): Finding {
  return { status: "fail", detail, mend, isAuthentication: true };
}

/** Of a link that this fleet does not have. */
export function notApplicable(detail: string): Finding {
  return { status: "skipped", detail, mend: [] };
}

const severity: readonly Status[] = ["skipped", "ok", "warn", "fail"];

/**
 * One finding of several about parts of the same link: as bad as the worst, telling of what is not well where anything
 * is not, and of everything otherwise.
 */
export function together(findings: readonly Finding[]): Finding {
  const rank = Math.max(...findings.map(({ status }) => severity.indexOf(status)));
  const status = severity[rank] ?? "skipped";
  const isBad = status === "warn" || status === "fail";
  const told = isBad ? findings.filter((each) => each.status === "warn" || each.status === "fail") : findings;
  return {
    status,
    detail: told.map(({ detail }) => detail).join(" "),
    mend: [...new Set(told.flatMap(({ mend }) => mend))],
    isAuthentication: told.some((each) => each.status === "fail" && each.isAuthentication),
  };
}

/** `1 job`, `2 jobs`. */
export function amount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** Names in a row, so many at most. */
export function list(names: readonly string[], most = 5): string {
  const more = names.length > most ? ` and ${names.length - most} more` : "";
  return `${names.slice(0, most).join(", ")}${more}`;
}
