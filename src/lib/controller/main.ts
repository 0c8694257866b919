// The controller as a program: one bundled file, started by `dev` on this machine and by the Modal App in the cloud.
// Its settings come by environment; it writes one JSON object a line.
import type { AddressInfo } from "node:net";
import { FleetLoop } from "../fleet/loop.ts";
import { randomSuffix } from "../fleet/names.ts";
import { fleetGitHub } from "../github/fleet-github.ts";
import { connectModal } from "../modal/client.ts";
import { sandboxesOnModal } from "../modal/sandboxes.ts";
import { loadPolicy } from "../policy/load.ts";
import { connectAll } from "./connect.ts";
import { readControllerSettings } from "./environment.ts";
import { startSchedule } from "./schedule.ts";
import { createControllerServer } from "./server.ts";

function log(event: string, fields: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`);
}

async function main(): Promise<void> {
  const settings = readControllerSettings(process.env);
  const { policy, hash } = await loadPolicy(settings.policyFile);
  const [[octokit, ...others], modal] = await Promise.all([
    connectAll(settings, policy.github.owner, log),
    connectModal({
      fleet: policy.fleet,
      ...(settings.modalTokenId ? { tokenId: settings.modalTokenId } : {}),
      ...(settings.modalTokenSecret ? { tokenSecret: settings.modalTokenSecret } : {}),
      maxThrottleSeconds: 5,
    }),
  ]);
  const now = () => Date.now();
  const isApp = settings.credentials[0].kind === "app";
  const loop = new FleetLoop({
    policy,
    github: fleetGitHub({
      octokit,
      others,
      policy,
      isApp,
      webhookUrl: settings.webhookUrl,
      now,
      warn: (message) => log("warning", { message }),
    }),
    modal: sandboxesOnModal(modal, policy.fleet),
    now,
    random: randomSuffix,
  });
  const schedule = startSchedule(loop, settings.reconcileSeconds, log);
  const server = createControllerServer({
    loop,
    webhookSecrets: settings.webhookSecrets,
    identity: { fleet: policy.fleet, policy: hash },
    recorder: schedule,
    policy,
  });
  server.on("error", (error) => {
    log("fatal", { message: error.message });
    process.exit(1);
  });
  server.listen(settings.port, settings.host, () => {
    log("listening", { host: settings.host, port: (server.address() as AddressInfo).port, policy: hash });
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      schedule.stop();
      modal.close();
      server.close();
      server.closeAllConnections();
      process.exitCode = 0;
      // Waits on Modal and GitHub would hold the process; what they were for is repeated by the next controller.
      setTimeout(() => process.exit(0), 100).unref();
    });
  }
}

main().catch((error: unknown) => {
  log("fatal", { message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  setTimeout(() => process.exit(1), 100).unref();
});
