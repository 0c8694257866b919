// The environment of a Sandbox's processes, built from nothing: a short list of the host's variables, the image's, the
// Secrets', and what Modal sets. Nothing else of the host's gets in, so none of its secrets do.
import { join } from "node:path";
import type { StartConfiguration } from "./dockerfile.ts";
import { markerVariable } from "./start-reaper.ts";

/** The variable by which a process tells, and is told, which Sandbox it belongs to. */
export const sandboxVariable = "MODAL_SANDBOX_ID";

/** Without these programs are not found, or speak another language than the operator's. */
const inheritedNames = ["PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ"];

/** The variables of this process that a Sandbox inherits by default. */
export function hostEnvironment(): Record<string, string> {
  const entries = inheritedNames.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [(typeof entry)[0], string] => entry[1] !== undefined));
}

/** What the image's ENV builds on: the host's variables and a home and a temporary folder of the Sandbox's own. */
export function baseEnvironment(host: Record<string, string>, folder: string): Record<string, string> {
  return { ...host, HOME: folder, TMPDIR: join(folder, "tmp") };
}

export function sandboxEnvironment(
  image: StartConfiguration,
  secrets: Record<string, string>,
  ids: { sandboxId: string; taskId: string; imageId: string; environmentName: string; marker: string },
): Record<string, string> {
  return {
    ...image.env,
    ...secrets,
    MODAL_IS_REMOTE: "1",
    MODAL_TASK_ID: ids.taskId,
    MODAL_IMAGE_ID: ids.imageId,
    MODAL_ENVIRONMENT: ids.environmentName,
    [sandboxVariable]: ids.sandboxId,
    [markerVariable]: ids.marker,
  };
}
