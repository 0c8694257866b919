// Runs the built command line as a process of its own, as an operator would.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { packageFile } from "../../src/lib/package-root.ts";

/** Nobody listens there, and nobody is given it; nor is it one of the ports that fetch refuses by itself. */
export const nowhere = "http://127.0.0.1:2";

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  child: ChildProcess;
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves with the text so far once it matches. @throws Error when the process ends first */
  untilStdout(pattern: RegExp): Promise<string>;
  /** The same of what it says on stderr. */
  untilStderr(pattern: RegExp): Promise<string>;
  ended: Promise<Run>;
}

export interface StartOptions {
  /** Where it runs; where the tests do unless told. */
  cwd?: string;
  /** What it is given on standard input. */
  input?: string;
}

/** @param env added to a clean environment */
export function start(args: string[], env: Record<string, string> = {}, options: StartOptions = {}): RunningCli {
  const child = spawn(process.execPath, [packageFile("bin", "run.js"), ...args], {
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    cwd: options.cwd,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], no_proxy: "127.0.0.1,localhost", ...env },
  });
  child.stdin?.end(options.input);
  if (!child.stdout || !child.stderr) throw new Error("Its output is piped.");
  let [stdout, stderr] = ["", ""];
  let hasEnded = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]): Run => {
    hasEnded = true;
    return { code, stdout, stderr };
  });
  return {
    child,
    pid: child.pid as number,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    async untilStdout(pattern) {
      while (!pattern.test(stdout)) {
        if (hasEnded) throw new Error(`ended before ${pattern} was printed:\n${stdout}\n${stderr}`);
        await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), ended]);
      }
      return stdout;
    },
    async untilStderr(pattern) {
      while (!pattern.test(stderr)) {
        if (hasEnded) throw new Error(`ended before ${pattern} was said:\n${stdout}\n${stderr}`);
        await Promise.race([once(child.stderr as NodeJS.ReadableStream, "data"), ended]);
      }
      return stderr;
    },
  };
}

export function run(args: string[], env?: Record<string, string>, options?: StartOptions): Promise<Run> {
  return start(args, env, options).ended;
}

/** Ids of living processes with this text in their command line or environment. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        // A zombie has neither; it is dead and only waits to be noticed.
        const facts = ["cmdline", "environ"].map((file) => readFileSync(`/proc/${pid}/${file}`, "latin1"));
        return facts.some((fact) => fact.includes(text));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Waits until a condition holds. @throws Error after so many milliseconds, by default generous to a busy machine */
export async function until<T>(what: string, look: () => T | Promise<T>, withinMs = 90_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await delay(50);
  }
}
