// Several fleets, each a named profile of settings: which one a command is about, and what is stored for it.
import { closest } from "../cli/closest.ts";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import type { StoredSettings } from "./store.ts";

/** Keys of the stored settings that are no settings of one fleet. */
export const profilesKey = "fleets";
export const defaultFleetKey = "fleet";

/** A fleet's own settings by their names; unchecked, since people edit the file. */
export type StoredProfiles = Record<string, Readonly<Record<string, unknown>>>;

/** The profiles in the stored settings; what is none is left out. */
export function storedProfiles(stored: StoredSettings): StoredProfiles {
  const fleets = stored[profilesKey];
  if (!isRecord(fleets)) return {};
  return Object.fromEntries(Object.entries(fleets).filter(([, profile]) => isRecord(profile))) as StoredProfiles;
}

/**
 * What is stored for this fleet.
 * @throws AbortError (usage) naming the fleets that there are, when it is not one of them
 */
export function profileOf(fleet: string, stored: StoredSettings): Readonly<Record<string, unknown>> {
  const profiles = storedProfiles(stored);
  const profile = Object.hasOwn(profiles, fleet) ? profiles[fleet] : undefined;
  if (profile !== undefined) return profile;
  const names = Object.keys(profiles).sort();
  const [meant = names[0]] = closest(fleet, names);
  throw new AbortError(`There is no fleet "${fleet}" in the settings.`, {
    code: "no-such-fleet",
    exitCode: ExitCode.Usage,
    why: names.length === 0 ? "No fleet is stored there." : `The fleets are ${names.join(", ")}.`,
    nextSteps: [
      ...(meant === undefined ? [] : [`Give --fleet ${meant}, or another of these.`]),
      `To store one by this name: modal-gha config set --fleet ${fleet} policyFile <file>`,
    ],
  });
}

/**
 * A name for a fleet's profile. The same are allowed as for `fleet` in the policy, whose name it should be.
 * @throws AbortError (usage) for any other
 */
export function parseFleetName(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/.test(text)) return text;
  throw new AbortError(`"${text}" cannot be the name of a fleet.`, {
    code: "usage",
    exitCode: ExitCode.Usage,
    why: "It has 1 to 24 of a-z, 0-9 and -, with no - at the ends, as `fleet` in a policy.",
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
