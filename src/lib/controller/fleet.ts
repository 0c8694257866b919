// Connects a controller to its fleet. The SDKs are loaded here and not before: loading them takes longer than all else
// that happens between the start of a container and its first answer.
import { FleetLoop } from "../fleet/loop.ts";
import { randomSuffix } from "../fleet/names.ts";
import type { Policy } from "../policy/schema.ts";
import type { ConnectedFleet } from "./connection.ts";
import type { ControllerSettings } from "./environment.ts";
import type { Log } from "./record.ts";

/** @throws Refused saying what to mend, Unavailable, or what the modal SDK throws */
export async function connectFleet(settings: ControllerSettings, policy: Policy, log: Log): Promise<ConnectedFleet> {
  const [{ connectAll }, { fleetGitHub }, { connectModal }, { sandboxesOnModal }] = await Promise.all([
    import("./connect.ts"),
    import("../github/fleet-github.ts"),
    import("../modal/client.ts"),
    import("../modal/sandboxes.ts"),
  ]);
  const { modalTokenId: tokenId, modalTokenSecret: tokenSecret, webhookUrl } = settings;
  const access = { fleet: policy.fleet, tokenId, tokenSecret, maxThrottleSeconds: 5, createIfMissing: true };
  const connectingModal = connectModal(access);
  const [[octokit, ...others], modal] = await Promise.all([
    connectAll(settings, policy.github.owner, log),
    connectingModal,
  ]).catch((error: unknown) => {
    // It is tried again every minute, with another client each time.
    connectingModal.then(({ close }) => close()).catch(() => undefined);
    throw error;
  });
  const now = () => Date.now();
  const isApp = settings.credentials[0].kind === "app";
  const warn = (message: string) => log("warning", { message });
  const github = fleetGitHub({ octokit, others, policy, isApp, webhookUrl, now, warn });
  const loop = new FleetLoop({
    policy,
    github,
    modal: sandboxesOnModal(modal, policy.fleet),
    now,
    random: randomSuffix,
  });
  return { loop, close: modal.close };
}
