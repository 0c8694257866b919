// Removes a fleet. Webhooks with a token go first, as they are known by the controller's address; then the controller, so
// that nothing is started behind us; then the runners; the rest when none of them is left. Everything may be removed again.
import { type Failure, removeAll, runnerRemovals } from "./end-runners.ts";
import type { DestroyAccess } from "./open.ts";
import { type BusyMode, endRunners, persistently } from "./rounds.ts";
import { type Survey, survey } from "./survey.ts";
import type { BusyRunner, Kept, Removable, Thing } from "./things.ts";
import { thingOf } from "./things.ts";

export interface Destroyed {
  fleet: string;
  removed: Thing[];
  /** Ours, and still there. */
  left: (Thing & { error: string })[];
  /** Not ours to remove. */
  kept: Kept[];
  /** Runners whose jobs were not over in time; with any of these the rest was not begun. */
  busy: BusyRunner[];
}

export interface Listeners {
  onRemoved(thing: Thing): void;
  /** Told whenever the jobs that are waited for have changed. */
  onWait(busy: readonly BusyRunner[]): void;
}

/**
 * Everything that would be removed, in the order in which it is.
 * @param found what survey() gave
 */
export function thingsOf(found: Survey, access: DestroyAccess): Removable[] {
  const { apps, runners } = found;
  const options = { client: access.client, fleet: access.policy.fleet, github: access.github?.port, isForced: false };
  return [
    ...found.webhooks.things,
    ...(apps.controller ? [apps.controller] : []),
    ...runnerRemovals(runners, options),
    ...(apps.sandboxes ? [apps.sandboxes] : []),
    ...found.secrets,
    ...found.images,
    ...found.installations,
    ...found.files,
  ];
}

/**
 * @param found what survey() gave
 * @throws AbortError when something cannot be listed any more; the signal's reason. What was removed before stays removed,
 * and the next call goes on from there.
 */
export async function destroyFleet(
  access: DestroyAccess,
  found: Survey,
  mode: BusyMode,
  { onRemoved, onWait }: Listeners,
): Promise<Destroyed> {
  const removed: Thing[] = [];
  const remove = (things: readonly Removable[]) =>
    removeAll(
      things,
      (thing) => {
        removed.push(thingOf(thing));
        onRemoved(thing);
      },
      access.signal,
    );
  const failures: Failure[] = [];
  const leave = (things: readonly Removable[], why: string) =>
    failures.push(...things.map((thing) => ({ thing, error: new Error(why) })));
  const result = (kept: Kept[], busy: BusyRunner[] = []): Destroyed => ({
    fleet: access.policy.fleet,
    removed,
    left: failures.map(({ thing, error }) => ({ ...thingOf(thing), error: error.message })),
    kept,
    busy,
  });
  let rest = thingsOf(found, access);
  const controller = found.apps.controller ? [found.apps.controller] : [];
  for (const [things, why] of [
    [found.webhooks.things, "it comes after the webhooks"],
    [controller, "it comes after the controller, which would start runners anew"],
  ] as const) {
    rest = rest.slice(things.length);
    failures.push(...(await remove(things)));
    if (failures.length === 0) continue;
    leave(rest, why);
    return result(found.kept);
  }
  const undone = () => `only ${removed.length} of it was removed`;
  const ended = await endRunners(access, mode, { remove, onWait, undone });
  failures.push(...ended.failures);
  if (ended.busy.length > 0) return result(found.kept, ended.busy);

  const known = { runners: ended.runners, webhooks: { ...found.webhooks, things: [] } };
  const last = await persistently(access, ended.deadline, () => survey(access, { undone: undone(), known }));
  const { secrets, images, installations, files } = last;
  const apps = last.apps.sandboxes ? [last.apps.sandboxes] : [];
  if (ended.failures.length > 0) {
    // The App would take with it whatever could not be ended politely; and runners that are left need the rest.
    leave([...apps, ...secrets, ...images, ...installations, ...files], "there are runners that could not be removed");
    return result(last.kept);
  }
  failures.push(...(await remove([...apps, ...secrets])), ...(await removeInOrder(images, remove)));
  // Without the installation, nothing of what is left could be reached at GitHub.
  if (failures.length === 0) failures.push(...(await remove(installations)));
  else leave(installations, "needed for what is left");
  if (failures.length === 0) failures.push(...(await remove(files)));
  else leave(files, "needed for what is left");
  return result(last.kept);
}

/** One after the other, and none after one that failed: a tag must not outlive the one that tells whose it is. */
async function removeInOrder(
  things: readonly Removable[],
  remove: (things: readonly Removable[]) => Promise<Failure[]>,
): Promise<Failure[]> {
  for (const [index, thing] of things.entries()) {
    const failures = await remove([thing]);
    const rest = things.slice(index + 1);
    const error = new Error(`it comes after ${thing.name}`);
    if (failures.length > 0) return [...failures, ...rest.map((each) => ({ thing: each, error }))];
  }
  return [];
}
