// GitHub lists registrations by page, while those of runners that are done disappear: what follows moves up, and a living one
// can slip past the end of a page that was read. So those that a list leaves out are asked for one by one.
import { withoutRegistration } from "./decide-clean-up.ts";
import type { GitHub } from "./ports.ts";
import type { FleetSandbox, Registration } from "./snapshot.ts";

/**
 * The registrations, with those of Sandboxes that the list lacks and GitHub has all the same. A call for each that is
 * missing: of runners that end in this moment, as a rule.
 */
export async function withMissing(
  registrations: readonly Registration[],
  sandboxes: readonly FleetSandbox[],
  github: Pick<GitHub, "registration">,
  now: number,
): Promise<Registration[]> {
  const missing = withoutRegistration(sandboxes, registrations, now);
  const found = await Promise.all(
    missing.map(({ registrationId: id, repository, runnerName: name }) =>
      // One that cannot be asked about counts as registered: nothing is ended on a guess.
      github.registration(id, repository).catch(() => ({ id, name, online: true, busy: false, repository })),
    ),
  );
  return [...registrations, ...found.filter((registration) => registration !== undefined)];
}
