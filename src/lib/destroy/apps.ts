// The fleet's two Apps at Modal. Stopping an App ends everything in it, so one that holds anything of others is left alone.
import type { ModalClient } from "modal";
import { type FoundApp, findApp, stopApp } from "../modal/apps.ts";
import { appName, controllerAppName } from "../modal/names.ts";
import { foreignSandbox, foreignThing } from "../modal/ownership.ts";
import type { Kept, Removable } from "./things.ts";

export interface FleetApps {
  controller: Removable | undefined;
  sandboxes: Removable | undefined;
  kept: Kept[];
}

/** @throws what the modal SDK throws */
export async function surveyApps(client: ModalClient, fleet: string): Promise<FleetApps> {
  const [controller, sandboxes] = await Promise.all([
    findApp(client, controllerAppName(fleet), fleet),
    findApp(client, appName(fleet), fleet),
  ]);
  const kept: Kept[] = [];
  const consider = async (app: FoundApp | undefined, objection: (app: FoundApp) => Promise<string | undefined>) => {
    if (!app) return undefined;
    const why = app.mark === "foreign" ? "its tags say that it is not this fleet's" : await objection(app);
    if (why === undefined) return app;
    kept.push({ kind: "app", name: app.name, why, remedy: `modal app stop ${app.name}` });
    return undefined;
  };
  const [ownController, ownSandboxes] = await Promise.all([
    consider(controller, (app) => objectionToController(client, app, fleet)),
    consider(sandboxes, (app) => objectionToSandboxes(client, app, fleet)),
  ]);
  return {
    controller: ownController && removalOf(client, ownController, "controller", fleet),
    sandboxes: ownSandboxes && removalOf(client, ownSandboxes, "app", fleet),
    kept,
  };
}

async function objectionToController(client: ModalClient, app: FoundApp, fleet: string): Promise<string | undefined> {
  if (app.mark === "unmarked") return "it does not carry our tags";
  return foreignSandbox(client, app, fleet, { includeFinished: false });
}

/** Its tags came later than the App: one without them is ours when everything that is, or was, in it is. */
function objectionToSandboxes(client: ModalClient, app: FoundApp, fleet: string): Promise<string | undefined> {
  return foreignThing(client, app, fleet, { includeFinished: app.mark === "unmarked" });
}

function removalOf(client: ModalClient, { appId, name, mark }: FoundApp, kind: "controller" | "app", fleet: string) {
  return {
    kind,
    name,
    id: appId,
    mark: mark === "ours" ? `tags managed-by=modal-gha, fleet=${fleet}` : "everything in it is this fleet's",
    remove: () => stopApp(client, appId),
  } satisfies Removable;
}
