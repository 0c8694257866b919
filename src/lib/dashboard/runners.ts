// The runners as far as they are known while one of the two services cannot be asked: better half the truth, and told so,
// than an empty screen.
import type { FleetSandbox, Registration } from "../fleet/snapshot.ts";
import { joinRunners } from "../operations/list-runners.ts";
import type { Policy } from "../policy/schema.ts";
import type { DashboardRunner } from "./source.ts";

/** @param sandboxes undefined while Modal, @param registrations undefined while GitHub was never reached */
export function knownRunners(
  sandboxes: readonly FleetSandbox[] | undefined,
  registrations: readonly Registration[] | undefined,
  policy: Policy,
  now: number,
): DashboardRunner[] {
  const joined: DashboardRunner[] = joinRunners(sandboxes ?? [], registrations ?? [], policy, now);
  if (registrations === undefined) {
    // A Sandbox's tags tell whether a job was seen on it; whether it is online, GitHub alone knows.
    const busy = new Set(sandboxes?.filter((sandbox) => sandbox.busy).map(({ id }) => id));
    return joined.map((runner) => ({
      ...runner,
      state: busy.has(runner.sandboxId ?? "") ? "busy" : "unknown",
      idleMs: null,
    }));
  }
  if (sandboxes === undefined) {
    const known = new Map(registrations.map((registration) => [registration.id, registration]));
    return joined.map((runner) => {
      const registration = known.get(runner.registrationId ?? 0);
      return { ...runner, state: registration?.busy ? "busy" : registration?.online ? "idle" : "unknown" };
    });
  }
  return joined;
}
