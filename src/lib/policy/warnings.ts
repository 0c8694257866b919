// What is allowed in a policy and yet is probably a mistake.
import { missingGitHubDomains } from "./egress.ts";
import { matchesPattern } from "./match.ts";
import { baseLabels, isForeign, looksHosted } from "./mismatch.ts";
import { gpusOf } from "./policy-rules.ts";
import type { Finding } from "./pool-rules.ts";
import { withoutPrice } from "./prices.ts";
import type { Policy, Pool } from "./schema.ts";

/** 180 dollars an hour: several times what the dearest GPU costs. */
const incrediblePrice = 0.05;

/** What to think about again; the paths are those of the file. */
export function findWarnings(policy: Policy): Finding[] {
  const { access, github, pools, prices } = policy;
  return [
    ...when(access.repositories.length === 0, ["access", "repositories"], "no repository may use the fleet"),
    ...access.repositories.flatMap((pattern, index) => foreignOwner(pattern, index, github.owner)),
    ...Object.entries(prices).flatMap(([name, dollars]) => incredible(name, dollars)),
    ...pools.flatMap((pool, index) => [
      ...overlaps(pools, index),
      ...labelWarnings(pool, index),
      ...egressWarnings(pool, index),
      ...costWarnings(policy, pool, index),
    ]),
  ];
}

function when(isSo: boolean, path: Finding["path"], message: string): Finding[] {
  return isSo ? [{ path, message }] : [];
}

function foreignOwner(pattern: string, index: number, owner: string): Finding[] {
  const [named = "*"] = pattern.split("/");
  const message = `runners of ${owner} take no jobs of ${named}; write ${owner}/..., or set up a fleet for ${named}`;
  return when(!matchesPattern(named, owner), ["access", "repositories", index], message);
}

function incredible(name: string, dollars: number): Finding[] {
  const message =
    `prices are dollars per second, and ${dollars} is $${Math.round(dollars * 3600)} an hour; ` +
    "divide by 3600 if that was per hour";
  return when(dollars > incrediblePrice, ["prices", name], message);
}

/** GitHub gives a job to any idle runner that has all of its labels, whichever pool the runner was started for. */
function overlaps(pools: readonly Pool[], index: number): Finding[] {
  const own = pools.map(({ labels }) =>
    labels.map((label) => label.toLowerCase()).filter((label) => !baseLabels.includes(label)),
  );
  const labels = own[index] as string[];
  // Of two pools with the same labels one warning is enough.
  const wider = pools.find((_, other) => {
    const others = own[other] as string[];
    const hasAll = other !== index && labels.every((label) => others.includes(label));
    return hasAll && (other < index || others.length > labels.length);
  });
  if (wider === undefined) return [];
  const message =
    `pool ${wider.name} has all of these labels, too, so GitHub may give its runners jobs of this one; ` +
    "give each pool a label that the other has not, and name it in runs-on";
  return [{ path: ["pools", index, "labels"], message }];
}

function labelWarnings({ labels }: Pool, index: number): Finding[] {
  return labels.flatMap((label, position) => {
    const path = ["pools", index, "labels", position];
    if (isForeign(label)) {
      return when(true, path, `jobs that ask for ${label} would run on Linux on x64: Modal has nothing else`);
    }
    const message = `${label} is GitHub's own for hosted runners; while a runner of yours has it, jobs may go to either`;
    return when(looksHosted(label), path, message);
  });
}

function egressWarnings({ egress }: Pool, index: number): Finding[] {
  const missing = egress === undefined ? [] : missingGitHubDomains(egress);
  const list = missing.map(({ domain, purpose }) => `${domain} (${purpose})`).join(", ");
  return when(missing.length > 0, ["pools", index, "egress"], `on github.com a runner also needs ${list}`);
}

function costWarnings(policy: Policy, pool: Pool, index: number): Finding[] {
  const unpriced = withoutPrice(policy, gpusOf(pool)).map((gpu): Finding => {
    const key = pool.gpu?.split(":")[0] === gpu ? "gpu" : "resources";
    const mend = `write prices: { ${gpu}: <dollars per second> }`;
    const message = `nobody told the price of ${gpu}, so estimates take the dearest one known; ${mend}`;
    return { path: ["pools", index, key], message };
  });
  const isUncounted = policy.limits.dailyBudgetDollars !== undefined && pool.regions.length > 0;
  const message = "a chosen region costs 1.5 to 1.75 times as much, which the daily budget does not count";
  return [...unpriced, ...when(isUncounted, ["pools", index, "regions"], message)];
}
