// How soon a line that a job's step prints is on the screen of whoever follows the job's log; beside `tail -f` of a file
// that the same step writes. A line carries the time at which it was printed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { registerModalDefinitions } from "../../scripts/modal-definitions.ts";
import { packageFile } from "../../src/lib/package-root.ts";
import { until } from "../e2e/cli.ts";

const lines = 150;
/** What nobody waits for without noticing. */
const mostMs = 500;

/** date(1) of GNU and BusyBox alike tells milliseconds so. */
const workflow = `
on:
  workflow_dispatch:
    inputs: { file: { required: true } }
jobs:
  print:
    runs-on: modal
    steps:
      - run: |
          until [ -e "\${{ inputs.file }}.go" ]; do sleep 0.05; done
          for _ in $(seq ${lines}); do echo "printed $(date +%s%3N)" | tee -a "\${{ inputs.file }}"; sleep 0.1; done
`;

/** @returns whether no line took longer than half a second */
export async function benchLogs(write: (line: string) => void): Promise<boolean> {
  // Before anything loads the SDK.
  registerModalDefinitions();
  const { startRehearsal } = await import("../../src/lib/rehearsal/rehearsal.ts");
  const scratch = mkdtempSync(join(tmpdir(), "bench-logs-"));
  const file = join(scratch, "lines");
  mkdirSync(join(scratch, "app", ".github", "workflows"), { recursive: true });
  writeFileSync(join(scratch, "app", ".github", "workflows", "print.yml"), workflow);
  writeFileSync(file, "");
  const fleet = await startRehearsal({ repositoryDirectory: join(scratch, "app"), repository: "app" });
  try {
    await fleet.github.trigger({ repository: "app", event: "workflow_dispatch", inputs: { file } });
    const job = await until("the job runs", () =>
      fleet.github.state().jobs.find(({ status }) => status === "in_progress"),
    );
    const readers = [
      delays(process.execPath, [packageFile("bin", "run.js"), "logs", "-f", String(job.id)], fleet.env),
      delays("tail", ["-n", "+1", "-f", file], {}),
    ];
    await Promise.all(readers.map(({ isReady }) => isReady));
    writeFileSync(`${file}.go`, "");
    const [logs = [], tail = []] = await Promise.all(readers.map(({ all }) => all));
    const row = (name: string, sorted: readonly number[]) =>
      write(`${name.padEnd(10)} a line ${at(sorted, 0.5).toFixed(0).padStart(4)} ms, at worst ${at(sorted, 1)} ms`);
    row("logs -f", logs);
    row("tail -f", tail);
    write(`ratio: ${(at(logs, 0.5) / Math.max(1, at(tail, 0.5))).toFixed(1)}`);
    const isWithin = at(logs, 1) <= mostMs;
    write(`limit: ${mostMs} ms for a line: ${isWithin ? "kept" : "EXCEEDED"}`);
    return isWithin;
  } finally {
    await fleet.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Milliseconds from when each line was printed until it was read, sorted. */
function delays(command: string, args: string[], env: Record<string, string>) {
  const { PATH, HOME } = process.env;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { PATH, HOME, ...env } });
  const found: number[] = [];
  const all = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const [, printed] = /^printed (\d+)$/.exec(line) ?? [];
      if (printed !== undefined) found.push(Date.now() - Number(printed));
      if (found.length === lines) break;
    }
    child.kill("SIGKILL");
    return found.sort((a, b) => a - b);
  })();
  // What follows the job has its step's first line by then; a tail has nothing to say yet.
  return { all, isReady: command === "tail" ? once(child, "spawn") : once(child.stdout, "data") };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
