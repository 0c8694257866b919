// A program that hosts an emulator with a running Sandbox, for tests that kill it. Takes the emulator's folder, and says
// what it started, as JSON.
import { registerModalDefinitions } from "../../../../scripts/modal-definitions.ts";

registerModalDefinitions();
const { startBench, shell } = await import("./support.ts");
const { startReaper } = await import("../../../../src/lib/emulator/modal/start-reaper.ts");
const { spawn } = await import("node:child_process");

const reaper = await startReaper("hosttest");
// A child of the host that is no Sandbox, and does not carry the marker.
const child = spawn("sleep", ["300"], { detached: true, stdio: "ignore" });
reaper.register(child.pid ?? 0);
const bench = await startBench({ reaper, directory: process.argv[2] ?? "" });
// Its second sleep is in a session of its own and without a parent.
const sandbox = await bench.create(shell("trap '' TERM; sleep 300 & setsid sh -c 'sleep 300 &'; echo ready; wait"));
await sandbox.exec(["setsid", "sleep", "300"]);
await sandbox.stdout.getReader().read();
const started = { sandbox: await bench.emulator.processes(), child: child.pid, reaper: reaper.pid };
process.stdout.write(`${JSON.stringify(started)}\n`);
