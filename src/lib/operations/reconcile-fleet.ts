// Looks at the whole fleet by hand: what is not as it should be, and, unless it is only asked, mends it.
import type { Outcome } from "../fleet/act.ts";
import type { Decision } from "../fleet/decision.ts";
import { FleetLoop, removes, type Step } from "../fleet/loop.ts";
import { randomSuffix } from "../fleet/names.ts";
import type { ReasonCode } from "../fleet/reasons.ts";
import type { FleetAccess } from "./fleet-access.ts";

export interface ReconciledItem {
  action: Decision["action"];
  reason: ReasonCode;
  detail: string;
  job: number | null;
  runner: string | null;
  sandboxId: string | null;
  registrationId: number | null;
  /** Whether it is carried out; null for a preview. */
  done: boolean | null;
}

/**
 * Everything that is to be done, and every job that has to wait; what is as it should be is left out.
 * @param options.onlyRemove does and tells only what removes Sandboxes and registrations that are left over
 */
export async function reconcileFleet(
  fleet: FleetAccess,
  options: { isPreview: boolean; onlyRemove?: boolean; now(): number },
): Promise<ReconciledItem[]> {
  const loop = new FleetLoop({ ...fleet, now: options.now, random: randomSuffix });
  const isTold = options.onlyRemove ? removes : isWorthTelling;
  if (options.isPreview) return (await loop.preview()).filter(isTold).map((decision) => itemOf(decision));
  const steps = await (options.onlyRemove ? loop.prune() : loop.reconcile());
  return carriedOut(steps.filter(({ decision }) => isTold(decision)));
}

function carriedOut(steps: readonly Step[]): Promise<ReconciledItem[]> {
  return Promise.all(
    steps.map(async ({ decision, outcome }) => {
      try {
        return itemOf(decision, await outcome);
      } catch (error) {
        // The others go on, and what they did is told.
        const detail = error instanceof Error ? error.message : String(error);
        return itemOf(decision, { reason: "error", detail, done: false });
      }
    }),
  );
}

function isWorthTelling(decision: Decision): boolean {
  return decision.action !== "none" || /^(defer|refuse):/.test(decision.reason);
}

function itemOf(decision: Decision, outcome?: Outcome): ReconciledItem {
  const sandbox = "sandbox" in decision ? decision.sandbox : undefined;
  const registration = "registration" in decision ? decision.registration : undefined;
  return {
    action: decision.action,
    reason: outcome?.reason ?? decision.reason,
    detail: outcome?.detail ?? decision.detail,
    job: "job" in decision ? decision.job.id : (sandbox?.jobId ?? null),
    runner: outcome?.runnerName ?? sandbox?.runnerName ?? registration?.name ?? null,
    sandboxId: outcome?.sandboxId ?? sandbox?.id ?? null,
    registrationId: registration?.id ?? sandbox?.registrationId ?? null,
    done: outcome?.done ?? null,
  };
}
