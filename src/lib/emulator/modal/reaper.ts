// A program of its own that outlives the emulator by a moment: when the pipe on its standard input closes, however the
// emulator came to its end, it kills every process that the emulator had started.
// Started by start-reaper.ts as `node reaper.js NAME VALUE [FOLDER]`: processes whose environment says NAME=VALUE are
// killed, and the groups that standard input names, a line each: `+<pid>` registers one, `-<pid>` forgets it.
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { killProcesses } from "./process-table.ts";

const [name = "", value = "", folder] = process.argv.slice(2);
const groups = new Set<number>();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith("+")) groups.add(pid);
  else groups.delete(pid);
}
await killProcesses(
  (row) => groups.has(row.group) || groups.has(row.pid) || (value !== "" && row.variable(name) === value),
  30_000,
);
if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
