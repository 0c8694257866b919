// Apps at Modal: whose they are, what is in them, and stopping them.
import type { App, ModalClient } from "modal";
import { AbortError } from "../cli/errors.ts";
import { appName, ownershipTags } from "./names.ts";

/** gRPC NOT_FOUND: @grpc/grpc-js constants. */
const notFound = 5;
/** AppStopSource of the protocol: by a person, as with `modal app stop`. */
const byCommandLine = 1;

export interface FoundApp {
  appId: string;
  name: string;
  /** `ours` by its tags; `unmarked` when it has neither of them, `foreign` when it has them with other values. */
  mark: "ours" | "unmarked" | "foreign";
}

/** The App of a name that is not stopped; undefined when there is none. Makes nothing. */
export async function findApp(client: ModalClient, name: string, fleet: string): Promise<FoundApp | undefined> {
  const app = await unlessNotFound(() => client.apps.fromName(name));
  if (!app) return undefined;
  const { tags } = await client.cpClient.appGetTags({ appId: app.appId });
  const wanted = Object.entries(ownershipTags(fleet));
  const isOurs = wanted.every(([key, value]) => tags[key] === value);
  const isUnmarked = wanted.every(([key]) => tags[key] === undefined);
  return { appId: app.appId, name, mark: isOurs ? "ours" : isUnmarked ? "unmarked" : "foreign" };
}

/**
 * The App in which a fleet's Sandboxes live, made if there is none, with our tags on it.
 * @throws AbortError when its tags say that it is another's
 */
export async function claimApp(client: ModalClient, fleet: string): Promise<App> {
  const name = appName(fleet);
  const app = await client.apps.fromName(name, { createIfMissing: true });
  const mark = (await findApp(client, name, fleet))?.mark;
  if (mark === "foreign") {
    throw new AbortError(`There is an App ${name} at Modal whose tags say that it is another's.`, {
      code: "not-ours",
      nextSteps: ["Give the fleet another name, in the policy: fleet: <name>"],
    });
  }
  if (mark === "unmarked") {
    const { tags } = await client.cpClient.appGetTags({ appId: app.appId });
    await client.cpClient.appSetTags({ appId: app.appId, tags: { ...tags, ...ownershipTags(fleet) } });
  }
  return app;
}

/** Names of the Functions and classes that were deployed to an App. */
export async function readFunctions(client: ModalClient, appId: string): Promise<string[]> {
  const layout = await unlessNotFound(() => client.cpClient.appGetLayout({ appId }));
  const { functionIds = {}, classIds = {} } = layout?.appLayout ?? {};
  return [...Object.keys(functionIds), ...Object.keys(classIds)];
}

/** Stops an App for good, and with it everything that runs in it. One that is gone is no error. */
export async function stopApp(client: ModalClient, appId: string): Promise<void> {
  await unlessNotFound(() => client.cpClient.appStop({ appId, source: byCommandLine }));
}

/** What a call gives; undefined where Modal has no such thing. */
export async function unlessNotFound<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if ((error as Error).name === "NotFoundError" || (error as { code?: number }).code === notFound) return undefined;
    throw error;
  }
}
