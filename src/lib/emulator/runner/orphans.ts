// Ends what a job left running: every process that carries the job's RUNNER_TRACKING_ID in its environment
// (src/Runner.Worker/JobExtension.cs, FinalizeJob).
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

interface Orphan {
  pid: number;
  name: string;
}

/** Linux only: elsewhere a process's environment is not ours to read, and nothing is found. */
function findOrphans(trackingId: string): Orphan[] {
  let pids: string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return pids.flatMap((pid) => {
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      if (Number(pid) === process.pid || !variables.includes(`RUNNER_TRACKING_ID=${trackingId}`)) return [];
      return [{ pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, "utf8").trim() }];
    } catch {
      // Ended meanwhile, or another user's.
      return [];
    }
  });
}

/** Kills them, with those they start meanwhile, and names each. */
export async function killOrphans(trackingId: string, onKill: (orphan: Orphan) => void): Promise<void> {
  const known = new Set<number>();
  for (let round = 0; round < 50; round++) {
    const orphans = findOrphans(trackingId);
    if (orphans.length === 0) return;
    for (const orphan of orphans) {
      if (!known.has(orphan.pid)) onKill(orphan);
      known.add(orphan.pid);
      try {
        process.kill(orphan.pid, "SIGKILL");
      } catch {
        // Ended meanwhile.
      }
    }
    await delay(20);
  }
}
