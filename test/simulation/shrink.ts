// The smallest configuration that still breaks the same invariant: fewer faults first, then fewer jobs.
import type { FaultName } from "./faults.ts";
import { type Configuration, simulate } from "./simulation.ts";

/** Jobs in all runs of a search together: counted, not timed, so that two searches give the same answer. */
const mostJobs = 20_000;

export async function shrink(
  failing: Configuration,
  ids: readonly number[],
  invariant: string,
): Promise<Configuration> {
  let best: Configuration = { ...failing, only: ids };
  let jobs = 0;

  async function stillFails(candidate: Configuration): Promise<boolean> {
    jobs += candidate.only?.length ?? candidate.jobs;
    if (jobs > mostJobs) return false;
    const { violation } = await simulate(candidate);
    if (violation?.invariant !== invariant) return false;
    best = candidate;
    return true;
  }

  async function fewerFaults(): Promise<void> {
    for (const fault of failing.faults) {
      const faults: FaultName[] = best.faults.filter((other) => other !== fault);
      if (faults.length < best.faults.length) await stillFails({ ...best, faults });
    }
  }

  await fewerFaults();
  for (let parts = 2; ; ) {
    const all = best.only ?? [];
    if (all.length < 2) break;
    const size = Math.ceil(all.length / parts);
    let isSmaller = false;
    for (let from = 0; from < all.length && !isSmaller; from += size) {
      const only = all.filter((_, index) => index < from || index >= from + size);
      isSmaller = only.length > 0 && (await stillFails({ ...best, only }));
    }
    if (isSmaller) parts = Math.max(2, parts - 1);
    else if (size === 1) break;
    else parts = Math.min(parts * 2, all.length);
  }
  await fewerFaults();
  return best;
}
