// Ends the fleet's runners: each is deregistered first, so that no job can reach it any more, and then its Sandbox ends.
import { setTimeout as sleep } from "node:timers/promises";
import type { ModalClient } from "modal";
import type { GitHub } from "../fleet/ports.ts";
import { terminate, waitForEnd } from "../modal/sandboxes.ts";
import { inBatches } from "../operations/batches.ts";
import type { LivingSandbox, Runners } from "./runners.ts";
import type { Removable } from "./things.ts";

/** Modal gives a Sandbox some seconds between its signals. */
const endMs = 30_000;
/** Seconds for which GitHub is asked again about a runner that was killed and still counts as busy. */
const afterKill = 10;

export interface EndOptions {
  client: ModalClient;
  fleet: string;
  /** Undefined where GitHub is left alone. */
  github: GitHub | undefined;
  /** Whether runners with jobs are killed. */
  isForced: boolean;
}

/** A job runs on it, so it is left alone for now. */
export class StillBusy extends Error {}

/** What is to be done about the fleet's runners, in any order. A removal rejects with StillBusy when a job came meanwhile. */
export function runnerRemovals({ sandboxes, registrations }: Runners, options: EndOptions): Removable[] {
  const { github, fleet } = options;
  return [
    ...sandboxes.map(
      (sandbox): Removable => ({
        kind: "sandbox",
        name: sandbox.runner?.runnerName ?? (sandbox.name || sandbox.id),
        id: sandbox.id,
        mark: `tags managed-by=modal-gha, fleet=${fleet}`,
        remove: () => endSandbox(sandbox, options),
      }),
    ),
    ...registrations.map(
      (registration): Removable => ({
        kind: "registration",
        name: registration.name,
        id: String(registration.id),
        mark: "named by the tags of a Sandbox that has ended",
        remove: async () => {
          const said = await github?.deregister(registration.id, registration.repository ?? "");
          if (said === "busy") throw new StillBusy("GitHub says that a job runs on it, though its Sandbox has ended");
        },
      }),
    ),
  ];
}

async function endSandbox({ id, runner, isBusy }: LivingSandbox, options: EndOptions): Promise<void> {
  const { client, github, isForced } = options;
  const deregister = async () =>
    runner && github ? github.deregister(runner.registrationId, runner.repository) : "absent";
  if (isBusy && !isForced) {
    const job = `job ${runner?.jobId} of ${runner?.repository} runs on it`;
    throw new StillBusy(github ? job : "it may have a job, as GitHub was not asked");
  }
  let said = await deregister();
  if (said === "busy" && !isForced) throw new StillBusy("a job has just come to it");
  await terminate(client, id);
  if (!(await waitForEnd(client, id, endMs))) throw new Error(`it has not ended within ${endMs / 1000} s`);
  for (let waited = 0; said === "busy" && waited < afterKill; waited++) {
    await sleep(1000);
    said = await deregister();
  }
  if (said === "busy") throw new Error("it was killed, but GitHub still believes its job to run; try again in a while");
}

export interface Failure {
  thing: Removable;
  error: Error;
}

/** Removes all of them, a few at a time; what fails does not keep the others waiting. */
export async function removeAll(
  things: readonly Removable[],
  onRemoved: (thing: Removable) => void,
  signal: AbortSignal,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  await inBatches(things, 10, async (thing) => {
    if (signal.aborted) return;
    try {
      await thing.remove();
      onRemoved(thing);
    } catch (error) {
      failures.push({ thing, error: error instanceof Error ? error : new Error(String(error)) });
    }
  });
  signal.throwIfAborted();
  return failures;
}
