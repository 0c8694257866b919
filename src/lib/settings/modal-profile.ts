// Which of several Modal workspaces a fleet is in, a profile of ~/.modal.toml, and which Environment of it, as Modal's own
// tools know them.
import type { Settings } from "./settings.ts";

/**
 * Makes the SDK, and Modal's own command line where we start it, use the profile and the Environment that are stored for
 * the fleet: both read MODAL_PROFILE and MODAL_ENVIRONMENT. Credentials in the environment stand on their own; a profile
 * would mix its settings in.
 */
export function chooseModalProfile(
  { modalProfile, modalEnvironment }: Settings,
  env: NodeJS.ProcessEnv = process.env,
): void {
  if (modalEnvironment?.source.kind === "stored") env["MODAL_ENVIRONMENT"] = modalEnvironment.value;
  if (modalProfile?.source.kind === "stored" && !env["MODAL_TOKEN_ID"]) env["MODAL_PROFILE"] = modalProfile.value;
}
