// Removes a fleet. The controller goes first, so that nothing is started behind us; then the runners; the rest when none of
// them is left. Everything is listed anew before it is removed, and may be removed again.
import { controllerAppName } from "../modal/names.ts";
import { waitForEnd } from "../modal/sandboxes.ts";
import { type Failure, removeAll, runnerRemovals, StillBusy } from "./end-runners.ts";
import type { DestroyAccess } from "./open.ts";
import { busyRunners } from "./runners.ts";
import { type Survey, survey, surveyRunnersNow } from "./survey.ts";
import type { BusyRunner, Kept, Removable, Thing } from "./things.ts";
import { thingOf } from "./things.ts";

/** What becomes of runners that have a job: they are waited for, killed, or left. */
export type BusyMode = { kind: "drain"; timeoutMs: number } | { kind: "force" } | { kind: "keep" };

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
  signal: AbortSignal;
}

/** As often as something new turns up after everything was removed: what a controller was about to start when it was stopped. */
const mostRounds = 10;

/**
 * Everything that would be removed, in the order in which it is.
 * @param found what survey() gave
 */
export function thingsOf(found: Survey, access: DestroyAccess): Removable[] {
  const { apps, runners } = found;
  const options = { client: access.client, fleet: access.policy.fleet, github: access.github?.port, isForced: false };
  return [
    ...(apps.controller ? [apps.controller] : []),
    ...found.webhooks,
    ...runnerRemovals(runners, options),
    ...(apps.sandboxes ? [apps.sandboxes] : []),
    ...found.secrets,
    ...found.images,
    ...found.installations,
    ...found.files,
  ];
}

/**
 * @throws AbortError when something cannot be listed any more; the signal's reason. What was removed before stays removed,
 * and the next call goes on from there.
 */
export async function destroyFleet(access: DestroyAccess, mode: BusyMode, listeners: Listeners): Promise<Destroyed> {
  const { onRemoved, signal } = listeners;
  const removed: Thing[] = [];
  const remove = (things: readonly Removable[]) =>
    removeAll(
      things,
      (thing) => {
        removed.push(thingOf(thing));
        onRemoved(thing);
      },
      signal,
    );
  const first = await survey(access);
  const { fleet } = access.policy;
  const failures = await remove(first.apps.controller ? [first.apps.controller] : []);
  failures.push(...(await remove(first.webhooks)));
  const runners = await endRunners(access, mode, remove, listeners);
  failures.push(...runners.failures);
  const result = (kept: Kept[]): Destroyed => ({
    fleet,
    removed,
    left: failures.map(({ thing, error }) => ({ ...thingOf(thing), error: error.message })),
    kept,
    busy: runners.busy,
  });
  if (runners.busy.length > 0) return result(first.kept);

  const last = await survey(access, `only ${removed.length} of it was removed`);
  const app = last.apps.sandboxes;
  // The App would take with it whatever could not be ended politely.
  if (app && runners.failures.length === 0) failures.push(...(await remove([app])));
  else if (app) failures.push({ thing: app, error: new Error("it has runners that could not be removed") });
  failures.push(...(await remove(last.secrets)), ...(await removeInOrder(last.images, remove)));
  // Without the installation, nothing of what is left could be reached at GitHub.
  const isDone = failures.length === 0;
  if (isDone) failures.push(...(await remove(last.installations)));
  else failures.push(...last.installations.map((thing) => ({ thing, error: new Error("needed for what is left") })));
  if (isDone && failures.length === 0) failures.push(...(await remove(last.files)));
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

async function endRunners(
  access: DestroyAccess,
  mode: BusyMode,
  remove: (things: readonly Removable[]) => Promise<Failure[]>,
  { onWait, signal }: Listeners,
): Promise<{ failures: Failure[]; busy: BusyRunner[] }> {
  const { client, policy, github } = access;
  const options = { client, fleet: policy.fleet, github: github?.port, isForced: mode.kind === "force" };
  const deadline = access.now() + (mode.kind === "drain" ? mode.timeoutMs : 0);
  const undone = `only the controller ${controllerAppName(policy.fleet)} was stopped`;
  for (let round = 1; ; round++) {
    const runners = await surveyRunnersNow(access, undone);
    const things = runnerRemovals(runners, options);
    if (things.length === 0) return { failures: [], busy: [] };
    const failures = await remove(things);
    const busy = failures.filter(({ error }) => error instanceof StillBusy);
    if (mode.kind === "drain" && busy.length > 0) {
      const living = runners.sandboxes.filter(({ id }) => busy.some(({ thing }) => thing.id === id));
      const waiting = busyRunners(living.map((sandbox) => ({ ...sandbox, isBusy: true })));
      const leftMs = deadline - access.now();
      // Without a Sandbox there is nothing whose end could be waited for.
      if (waiting.length === 0) return { failures, busy: [] };
      if (leftMs <= 0) return { failures: failures.filter((each) => !busy.includes(each)), busy: waiting };
      onWait(waiting);
      await firstEnd(client, waiting, leftMs, signal);
      round = 0;
    } else if (failures.length === things.length || round >= mostRounds) return { failures, busy: [] };
  }
}

/** Waits until one of the Sandboxes has ended, or so many milliseconds. @throws the signal's reason */
async function firstEnd(
  client: DestroyAccess["client"],
  busy: readonly BusyRunner[],
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  signal.throwIfAborted();
  try {
    await Promise.race([aborted.promise, ...busy.map(({ sandboxId }) => waitForEnd(client, sandboxId, withinMs))]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
