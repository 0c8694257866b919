// How much of a core the dashboard takes while nobody does anything, and how soon a key shows its effect, with 1,000 live
// runners; beside Ink's own counter example, on the same terminal in the same minute.
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type DrivenTerminal, openTerminal } from "../../scripts/terminal.ts";
import { buildPrograms, programFolder } from "./programs.ts";

const idleMs = 20_000;
const presses = 40;
const size = { columns: 200, rows: 60 };
/** What is worst says more of the machine than of the program: the limit is for the median. */
const most = { keyMs: 100, idleShare: 0.03 };
/** Ticks of /proc/<pid>/stat a second, on every Linux there is. */
const ticksPerSecond = 100;

interface Measured {
  /** Of one core, 0 to 1. */
  idleShare: number;
  /** Median and 95th percentile, in milliseconds. */
  keyMs: { median: number; high: number };
}

/** @returns whether it stays within its limits */
export async function benchDashboard(write: (line: string) => void): Promise<boolean> {
  const programs = await buildPrograms();
  const pressed = (index: number): [string, string] => [" ", `${index} keys pressed`];
  const counter = await measure(programs.counter, /\d+ tests passed/, pressed);
  const down = (index: number): [string, string] => ["j", `${index + 1}/1000 `];
  const dashboard = await measure(programs.dashboard, /today[\s\S]*1\/1000 /, down);
  const percent = (share: number) => `${(share * 100).toFixed(1)} % of a core`;
  const row = (name: string, { idleShare, keyMs }: Measured) =>
    `${name.padEnd(34)} idle ${percent(idleShare).padStart(16)}   a key ${keyMs.median.toFixed(0).padStart(3)} ms, 19 of 20 within ${keyMs.high.toFixed(0)} ms`;
  write(row("Ink's counter example, 10 frames/s", counter));
  write(row("dashboard, 1,000 runners, 200x60", dashboard));
  const ratio = (dashboard.idleShare / counter.idleShare).toFixed(2);
  write(`ratio: idle ${ratio}, a key ${(dashboard.keyMs.median / counter.keyMs.median).toFixed(2)}`);
  const isWithin = dashboard.keyMs.median <= most.keyMs && dashboard.idleShare <= most.idleShare;
  write(`limits: ${most.keyMs} ms for a key, ${percent(most.idleShare)} while idle: ${isWithin ? "kept" : "EXCEEDED"}`);
  return isWithin;
}

async function measure(
  command: readonly string[],
  ready: RegExp,
  press: (index: number) => [keys: string, shows: string],
): Promise<Measured> {
  const env = { PATH: process.env["PATH"], HOME: programFolder };
  const terminal = openTerminal({ command, env, ...size });
  try {
    await terminal.until(ready);
    // What a program does only once, such as being compiled, is not what it does while idle.
    await delay(5_000);
    const idleShare = await shareOfCore(terminal.pid(), idleMs);
    const times = await keyTimes(terminal, press);
    return { idleShare, keyMs: { median: at(times, 0.5), high: at(times, 0.95) } };
  } finally {
    terminal.kill();
  }
}

async function shareOfCore(pid: number, ms: number): Promise<number> {
  const [from, fromTicks] = [performance.now(), ticksOf(pid)];
  await delay(ms);
  const seconds = (performance.now() - from) / 1000;
  return (ticksOf(pid) - fromTicks) / ticksPerSecond / seconds;
}

/** User and system time: fields 14 and 15, man proc_pid_stat; the name before may hold blanks. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** From the key's byte until its effect is on the screen, sorted. */
async function keyTimes(terminal: DrivenTerminal, press: (index: number) => [string, string]): Promise<number[]> {
  const times: number[] = [];
  for (let index = 1; index <= presses; index++) {
    const [keys, shows] = press(index);
    const from = performance.now();
    terminal.type(keys);
    await terminal.until((text) => text.includes(shows));
    times.push(performance.now() - from);
    await delay(50);
  }
  return times.sort((a, b) => a - b);
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
