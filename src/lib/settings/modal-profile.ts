// Which of several Modal workspaces a fleet is in: a profile of ~/.modal.toml, as Modal's own tools know it.
import type { Settings } from "./settings.ts";

/**
 * Makes the SDK, and Modal's own command line where we start it, use the profile that is stored for the fleet: both
 * read MODAL_PROFILE. Credentials in the environment stand on their own; a profile would mix its settings in.
 */
export function chooseModalProfile({ modalProfile }: Settings, env: NodeJS.ProcessEnv = process.env): void {
  if (modalProfile?.source.kind === "stored" && !env["MODAL_TOKEN_ID"]) env["MODAL_PROFILE"] = modalProfile.value;
}
