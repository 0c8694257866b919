// Runs a step's process in a process group of its own and hands over its output line by line; stops it the way the
// runner does, politely first (src/Runner.Sdk/ProcessInvoker.cs).
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { CancelledError } from "./step-execution.ts";

/** Milliseconds between SIGINT and SIGTERM, and between SIGTERM and SIGKILL. */
const interruptGrace = 7500;
const terminateGrace = 2500;
/** How long output may stay open after the process has ended: a background child may hold it. */
const outputGrace = 5000;

export interface ChildOptions {
  file: string;
  args: readonly string[];
  directory: string;
  environment: Record<string, string>;
  signal: AbortSignal;
  onLine(line: string): void;
}

/** Feeds a stream's lines to `onLine`; \n, \r\n and \r each end one. Resolves when the stream is closed. */
async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    // A \r at the very end may be half of \r\n.
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  });
  await once(stream, "close");
  if (rest !== "") onLine(rest.replace(/\r$/, ""));
}

/** Sends a signal to a whole process group, if it is still there. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Gone already.
  }
}

async function stop(child: ChildProcessByStdio<null, Readable, Readable>, exited: Promise<unknown>): Promise<void> {
  for (const [signal, grace] of [
    ["SIGINT", interruptGrace],
    ["SIGTERM", terminateGrace],
  ] as const) {
    signalGroup(child.pid!, signal);
    const waiting = new AbortController();
    const ended = await Promise.race([
      exited.then(() => true),
      delay(grace, false, { signal: waiting.signal }).catch(() => true),
    ]);
    waiting.abort();
    if (ended) return;
  }
  signalGroup(child.pid!, "SIGKILL");
}

/**
 * @returns the exit code, 128 + n for a process that signal n ended.
 * @throws CancelledError when the signal stopped it; Error when it cannot be started.
 */
export async function runChild(options: ChildOptions): Promise<number> {
  if (options.signal.aborted) throw new CancelledError();
  const child = spawn(options.file, options.args, {
    cwd: options.directory,
    env: options.environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "No such file or directory" : String(error);
    throw new Error(
      `An error occurred trying to start process '${options.file}' with working directory '${options.directory}'. ${reason}`,
    );
  }
  const outputs = Promise.all([readLines(child.stdout, options.onLine), readLines(child.stderr, options.onLine)]);
  const exited = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
  let stopped = false;
  let stopping: Promise<void> = Promise.resolve();
  const onAbort = () => {
    stopped = true;
    stopping = stop(child, exited);
  };
  options.signal.addEventListener("abort", onAbort, { once: true });
  const code = await exited;
  options.signal.removeEventListener("abort", onAbort);
  await stopping;
  const waiting = new AbortController();
  await Promise.race([outputs, delay(outputGrace, undefined, { signal: waiting.signal }).catch(() => {})]);
  waiting.abort();
  child.stdout.destroy();
  child.stderr.destroy();
  await outputs;
  if (stopped) throw new CancelledError();
  return code;
}
