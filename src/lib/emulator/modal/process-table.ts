// The processes of this machine: which of them belong to a Sandbox, and ending those for certain.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

export interface ProcessRow {
  pid: number;
  parent: number;
  group: number;
  /** The value of a variable that the process was started with; always undefined where there is no /proc. */
  variable(name: string): string | undefined;
}

/** Says of a process that it belongs, without regard to its ancestors. */
export type Seed = (row: ProcessRow) => boolean;

interface LinuxRow extends ProcessRow {
  /** Tells a process from a later one with the same number. */
  identity: string;
  /** It has an address space, unlike a thread of the kernel, but no environment. */
  bare: boolean;
}

function linuxRow(pid: number): LinuxRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in parentheses, may hold anything; the fields after it are numbers (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, parent, group] = fields;
    if (state === "Z" || state === "X") return undefined;
    const content = readFileSync(`/proc/${pid}/environ`, "utf8");
    const environment = `\0${content}\0`;
    return {
      pid,
      parent: Number(parent),
      group: Number(group),
      identity: `${pid} ${fields[19]}`,
      bare: content === "" && group !== "0",
      variable(name) {
        const start = environment.indexOf(`\0${name}=`);
        if (start < 0) return undefined;
        const from = start + name.length + 2;
        return environment.slice(from, environment.indexOf("\0", from));
      },
    };
  } catch {
    // Gone by now, or somebody else's.
    return undefined;
  }
}

/** Processes that were looked at long enough to know that they really have no environment. */
const bareForGood = new Set<string>();

/**
 * A process in the midst of an exec shows no environment for a moment, and would pass for a stranger: those are looked
 * at again.
 */
async function linuxRows(): Promise<ProcessRow[]> {
  const look = (pids: number[]) => pids.map(linuxRow).filter((row) => row !== undefined);
  const unsettled = (row: LinuxRow) => row.bare && !bareForGood.has(row.identity);
  const all = look(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  );
  const rows = all.filter((row) => !unsettled(row));
  let open = all.filter(unsettled);
  for (let pause = 1; open.length > 0 && pause <= 16; pause *= 2) {
    await delay(pause);
    const again = look(open.map(({ pid }) => pid));
    rows.push(...again.filter((row) => !unsettled(row)));
    open = again.filter(unsettled);
  }
  for (const { identity } of open) bareForGood.add(identity);
  return [...rows, ...open];
}

async function portableRows(): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)("ps", ["-axo", "pid=,ppid=,pgid=,stat="]);
  return stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([pid, , , state]) => pid && !state?.startsWith("Z"))
    .map(([pid, parent, group]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      variable: () => undefined,
    }));
}

let scan: Promise<ProcessRow[]> | undefined;

/** Every living process, zombies left out. Calls of the same moment share one look. */
function processRows(): Promise<ProcessRow[]> {
  scan ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    scan = undefined;
    return process.platform === "linux" ? linuxRows() : portableRows();
  });
  return scan;
}

/** Living processes that belong, with all their descendants; never this process. */
export async function livingProcesses(seed: Seed): Promise<number[]> {
  const rows = await processRows();
  const children = new Map<number, number[]>();
  for (const { pid, parent } of rows) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const found = new Set<number>();
  const open = rows.filter((row) => seed(row)).map(({ pid }) => pid);
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    if (pid === process.pid || found.has(pid)) continue;
    found.add(pid);
    open.push(...(children.get(pid) ?? []));
  }
  return [...found];
}

/**
 * Kills what belongs, and what that starts meanwhile, until nothing is left.
 * @returns the processes that still live after `deadlineMs`, such as ones in an uninterruptible wait.
 */
export async function killProcesses(seed: Seed, deadlineMs = 5000): Promise<number[]> {
  const deadline = Date.now() + deadlineMs;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    const pids = await livingProcesses(seed);
    if (pids.length === 0 || Date.now() > deadline) return pids;
    for (const pid of pids) signalProcess(pid, "SIGKILL");
    await delay(pause);
  }
}

/** Signals a process, or with a negative number a group; one that is gone is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself, or it is not ours to signal.
  }
}
