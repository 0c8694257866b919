// What destroying a fleet would do, and what it did, for people.
import { plainText } from "../cli/text.ts";
import type { BusyRunner, Kept, Kind, Thing } from "./things.ts";

export interface DestroyReport {
  fleet: string;
  isPreview: boolean;
  /** Everything of the fleet's that was there at first, in the order of removal. */
  found: Thing[];
  removed: Thing[];
  /** Ours, and still there. */
  left: (Thing & { error: string })[];
  /** Near the fleet, and left alone. */
  kept: Kept[];
  /** Runners with jobs. */
  busy: BusyRunner[];
}

const words: Record<Kind, string> = {
  controller: "Controller",
  webhook: "Webhooks",
  registration: "Runner registrations",
  sandbox: "Runners and their Sandboxes",
  app: "Sandboxes' App",
  secret: "Secret",
  image: "Runner images",
  installation: "GitHub App's installation",
  file: "Files here",
};

/** One line for one thing. */
export function lineOf({ name, id }: Thing): string {
  return plainText(name === id ? name : `${name}  ${id}`);
}

/** @param name the job's, where it is known */
export function describeBusy({ job, repository, runner }: BusyRunner, name?: string): string {
  // A runner that is kept ready is of no job yet, and may have been given one all the same.
  if (job === 0) return `some job on ${runner}`;
  return `job ${job}${name === undefined ? "" : ` (${plainText(name)})`} of ${plainText(repository)} on ${runner}`;
}

/**
 * What would be removed, by kind; what is left alone, and why.
 * @param isCertain false where GitHub was not asked which runners have jobs
 */
export function renderPlan({ fleet, found, kept, busy }: DestroyReport, isCertain: boolean): string {
  const kinds = [...new Set(found.map(({ kind }) => kind))];
  const groups = kinds.map((kind) => {
    const things = found.filter((thing) => thing.kind === kind);
    return [`${words[kind]} (known by ${things[0]?.mark}):`, ...things.map((thing) => `  ${lineOf(thing)}`)].join("\n");
  });
  const jobs = busy.map((each) => `  ${describeBusy(each)}`);
  return [
    found.length === 0 ? `Nothing of fleet ${fleet} is left.` : `Of fleet ${fleet} this would be removed.`,
    ...groups,
    ...(jobs.length > 0 ? [[isCertain ? "Jobs that run now:" : "Jobs that may run now:", ...jobs].join("\n")] : []),
    ...renderKept(kept),
  ].join("\n\n");
}

/** What was removed in number, what could not be, and what is left for the operator to do. */
export function renderResult({ fleet, removed, left, kept, busy }: DestroyReport): string {
  const count = removed.length === 1 ? "1 thing" : `${removed.length} things`;
  const isDone = left.length + busy.length === 0;
  const failed = left.map((thing) => `  ${words[thing.kind]}: ${lineOf(thing)}: ${plainText(thing.error)}`);
  const jobs = busy.map((each) => `  ${describeBusy(each)}`);
  return [
    isDone ? `Fleet ${fleet} is gone: ${count} removed.` : `Of fleet ${fleet} ${count} were removed, not all.`,
    ...(failed.length > 0 ? [["Still there:", ...failed].join("\n")] : []),
    ...(jobs.length > 0 ? [["Jobs that still run:", ...jobs].join("\n")] : []),
    ...renderKept(kept),
  ].join("\n\n");
}

function renderKept(kept: readonly Kept[]): string[] {
  if (kept.length === 0) return [];
  const lines = kept.map(({ kind, name, why, remedy }) =>
    [`  ${kind} ${plainText(name)}: ${plainText(why)}`, ...(remedy === null ? [] : [`    ${remedy}`])].join("\n"),
  );
  return [["Left alone:", ...lines].join("\n")];
}
