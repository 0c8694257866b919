// Whose things are in an App of ours: stopping an App, or filling it, is about everything in it.
import type { ModalClient } from "modal";
import { type FoundApp, readFunctions } from "./apps.ts";
import { ownershipTags } from "./names.ts";
import { listSandboxes, tagsOf } from "./sandboxes.ts";

/**
 * What in an App of Sandboxes is not this fleet's, in words; undefined when there is nothing.
 * @param which whether Sandboxes that have ended are looked at, too
 * @throws Unavailable; what the SDK throws
 */
export async function foreignThing(
  client: ModalClient,
  app: FoundApp,
  fleet: string,
  which: { includeFinished: boolean },
): Promise<string | undefined> {
  const [name] = await readFunctions(client, app.appId);
  if (name !== undefined) return `it has a Function ${name}, which modal-gha did not put there`;
  return foreignSandbox(client, app, fleet, which);
}

/** A Sandbox in an App that is not this fleet's, in words. @throws Unavailable */
export async function foreignSandbox(
  client: ModalClient,
  app: FoundApp,
  fleet: string,
  which: { includeFinished: boolean },
): Promise<string | undefined> {
  const mark = Object.entries(ownershipTags(fleet));
  for (const info of await listSandboxes({ client, app }, {}, which)) {
    const tags = tagsOf(info);
    if (mark.some(([key, value]) => tags[key] !== value)) return `it has a Sandbox ${info.id} that is not this fleet's`;
  }
  return undefined;
}
