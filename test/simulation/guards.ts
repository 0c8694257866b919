// The fleet's guards, each of which can be taken out: without any one of them the simulation must find a violation.
import type { GitHub, Modal } from "../../src/lib/fleet/ports.ts";
import type { Policy } from "../../src/lib/policy/schema.ts";

export const guardNames = [
  "name-lock",
  "deregister-before-kill",
  "capacity-check",
  "cancel-clean-up",
  "reconcile",
] as const;
export type GuardName = (typeof guardNames)[number];

interface Ports {
  github: GitHub;
  modal: Modal;
  policy: Policy;
}

export interface Guards {
  areNamesUnique: boolean;
  hasSchedule: boolean;
  /** What a controller is given in place of its ports and policy. */
  ports(real: Ports): Ports;
}

/** @param without the guard that is taken out */
export function guardsWithout(without: GuardName | undefined): Guards {
  return {
    areNamesUnique: without !== "name-lock",
    hasSchedule: without !== "reconcile",
    ports(real) {
      const { github, modal, policy } = real;
      if (without === "deregister-before-kill") {
        return { ...real, github: { ...github, deregister: async () => "removed" } };
      }
      if (without === "cancel-clean-up") return { ...real, modal: { ...modal, terminate: () => Promise.resolve() } };
      if (without === "capacity-check") {
        const pools = policy.pools.map((pool) => ({ ...pool, maxRunners: Number.POSITIVE_INFINITY }));
        return {
          ...real,
          policy: { ...policy, pools, limits: { ...policy.limits, maxRunners: Number.POSITIVE_INFINITY } },
        };
      }
      return real;
    },
  };
}
