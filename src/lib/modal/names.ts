// What a fleet's things are called at Modal. All of them begin with `modal-gha-<fleet>`; whether one is ours is told by
// its ownership mark, never by its name alone.
import { ownershipTag } from "../fleet/names.ts";

/** Tags of an App of ours (AppSetTags), and of every Sandbox. */
export function ownershipTags(fleet: string): Record<string, string> {
  return { ...ownershipTag, fleet };
}

/** The App in which a fleet's Sandboxes live. */
export function appName(fleet: string): string {
  return `modal-gha-${fleet}`;
}

/** The App of a fleet's controller, by itself so that deploying or stopping it touches no runner. Fleets have no dots in their names. */
export function controllerAppName(fleet: string): string {
  return `modal-gha-${fleet}.controller`;
}

/** The Secret with the controller's credentials. */
export function secretName(fleet: string): string {
  return `modal-gha-${fleet}`;
}
