// The controller as a program: started by `dev` on this machine and by the Modal App in the cloud. Its settings come by
// environment; it writes one JSON object a line. With the argument `once` it looks at the whole fleet and ends.
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { FleetLoop } from "../fleet/loop.ts";
import { loadPolicy } from "../policy/load.ts";
import { connectWhenNeeded } from "./connection.ts";
import { type ControllerSettings, NotConfigured, readControllerSettings, type ServerSettings } from "./environment.ts";
import { connectFleet } from "./fleet.ts";
import { startSchedule } from "./schedule.ts";
import { createControllerServer } from "./server.ts";
import { createUnconfiguredServer } from "./unconfigured.ts";

function log(event: string, fields: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`);
}

/** How long /healthz waits for a connection that is just being made. */
const healthWithinMs = 5_000;

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Of the package that this is bundled in, whose package.json lies beside the bundle. */
function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
  return String(version);
}

function readSettings(): ControllerSettings | NotConfigured {
  try {
    return readControllerSettings(process.env);
  } catch (error) {
    if (error instanceof NotConfigured) return error;
    throw error;
  }
}

async function main(isOnce: boolean): Promise<void> {
  const settings = readSettings();
  const bare: ServerSettings = settings instanceof NotConfigured ? settings.settings : settings;
  const { policy, hash } = await loadPolicy(bare.policyFile);
  const { deployment } = bare;
  const identity = { fleet: policy.fleet, version: readVersion(), policy: hash, ...(deployment && { deployment }) };
  if (settings instanceof NotConfigured) {
    log("not-configured", { message: settings.message });
    if (!isOnce) listen(createUnconfiguredServer({ ...identity, configured: false }), bare, hash, () => {});
    return;
  }
  const connection = connectWhenNeeded(() => connectFleet(settings, policy, log), Date.now);
  const loop: Pick<FleetLoop, "hear" | "reconcile"> = {
    hear: async (job) => (await connection.loop()).hear(job),
    reconcile: () => connection.reconcile(),
  };
  const schedule = startSchedule(loop, isOnce ? 0 : settings.reconcileSeconds, log);
  if (isOnce) {
    const { ok, toDo, detail } = await schedule.look();
    log("reconciled", { ok, toDo, message: detail });
    schedule.stop();
    connection.close();
    process.exitCode = ok ? 0 : 1;
    return;
  }
  const server = createControllerServer({
    loop,
    webhookSecrets: settings.webhookSecrets,
    identity: async () => ({ ...identity, configured: true, connected: await connection.isConnected(healthWithinMs) }),
    recorder: schedule,
    look: () => schedule.look(),
    policy,
  });
  listen(server, bare, hash, () => {
    schedule.stop();
    connection.close();
  });
  // The first webhook is on its way, as a rule.
  connection.loop().catch((error: unknown) => log("error", { message: messageOf(error) }));
}

function listen(server: Server, { host, port }: ServerSettings, policy: string, onEnd: () => void): void {
  server.on("error", (error) => {
    log("fatal", { message: error.message });
    process.exit(1);
  });
  server.listen(port, host, () => log("listening", { host, port: (server.address() as AddressInfo).port, policy }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      onEnd();
      server.close();
      server.closeAllConnections();
      process.exitCode = 0;
      // Waits on Modal and GitHub would hold the process; what they were for is repeated by the next controller.
      setTimeout(() => process.exit(0), 100).unref();
    });
  }
}

main(process.argv[2] === "once").catch((error: unknown) => {
  log("fatal", { message: messageOf(error) });
  process.exitCode = 1;
  setTimeout(() => process.exit(1), 100).unref();
});
