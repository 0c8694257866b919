// Why no pool serves a job, told so that somebody can mend the workflow or the policy.
import { nearest, suggestion } from "./nearest.ts";
import type { Policy } from "./schema.ts";

/** Labels that say nothing about a pool: every runner of ours carries them. GitHub compares labels without case. */
export const baseLabels: readonly string[] = ["self-hosted", "linux", "x64"];

/** What self-hosted runners elsewhere carry and ours cannot: Modal's Sandboxes are Linux on x64. */
const foreignLabels = ["windows", "macos", "arm", "arm64"];

/** Pools that a message tells about; a large policy would drown the answer. */
const mostPools = 4;

/** Whether a label is one of GitHub's own for hosted runners, such as `ubuntu-latest`, `windows-2022` or `macos-15-xlarge`. */
export function looksHosted(label: string): boolean {
  return /^(ubuntu|windows|macos)-/i.test(label);
}

/** Whether a label asks for a machine that Modal does not have. */
export function isForeign(label: string): boolean {
  return foreignLabels.includes(label.toLowerCase()) || /^(windows|macos)-/i.test(label);
}

/**
 * Whether a job that no pool serves was probably meant for the fleet: it asks for a self-hosted runner, or for a label that
 * a pool has, or nearly has. Jobs of GitHub's own runners are not.
 */
export function asksForUs(policy: Policy, labels: readonly string[]): boolean {
  return labels.some((label) => {
    const asked = label.toLowerCase();
    if (asked === "self-hosted") return true;
    if (looksHosted(asked) || baseLabels.includes(asked)) return false;
    return nearest(asked.split("/")[0] ?? "", known(policy)) !== undefined;
  });
}

/** A label that some pool has: the one most like one of these, or else the first. */
export function nearestLabel(policy: Policy, labels: readonly string[]): string {
  const asked = labels.filter((label) => !baseLabels.includes(label.toLowerCase()));
  const meant = asked.map((label) => nearest(label.split("/")[0] ?? "", known(policy)));
  return meant.find((label) => label !== undefined) ?? known(policy)[0] ?? "";
}

/**
 * Why no pool has all of the labels, those that come nearest first.
 * @param asked the job's labels without the base ones, in lower case
 */
export function explainMismatch(policy: Policy, asked: readonly string[]): string {
  if (asked.length === 0) {
    return `the job asks for no label but ${baseLabels.join(", ")}, which any runner has; add a label of a pool: ${known(policy).join(", ")}`;
  }
  const list = asked.join(", ");
  const foreign = asked.filter((label) => isForeign(label) && !known(policy).includes(label));
  if (foreign.length > 0) return `the job asks for ${foreign.join(", ")}, and Modal runs Linux on x64 only`;
  const lacking = policy.pools
    .map((pool) => {
      const offered = pool.labels.map((label) => label.toLowerCase());
      return { pool, missing: asked.filter((label) => !offered.includes(label)) };
    })
    .sort((a, b) => a.missing.length - b.missing.length);
  if (asked.every((label) => looksHosted(label) && !known(policy).includes(label))) {
    return `no pool has the label ${list}, which is GitHub's own for hosted runners`;
  }
  const unknown = asked.filter((label) => !known(policy).includes(label));
  const said = lacking.slice(0, mostPools).map(({ pool, missing }) => `${pool.name} lacks ${missing.join(", ")}`);
  const more = lacking.length > mostPools ? `; and ${lacking.length - mostPools} more pools` : "";
  const hints = unknown.map((label) => {
    const head = label.split("/")[0] ?? "";
    const also = head === label ? "" : ` or ${head}`;
    return `; no pool at all has ${label}${also}${suggestion(head, known(policy))}`;
  });
  return `no pool has all of [${list}]: ${said.join("; ")}${more}${hints.join("")}`;
}

/** Every label of every pool, in lower case. */
function known(policy: Policy): string[] {
  return [...new Set(policy.pools.flatMap((pool) => pool.labels.map((label) => label.toLowerCase())))];
}
