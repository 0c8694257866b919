// Starts a process of a Sandbox: in a session and group of its own, known to the reaper.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Writable } from "node:stream";
import type { ExitStatus, PtyInfo } from "./definitions.ts";
import { invalid } from "./errors.ts";
import { onTerminal, terminalEnvironment } from "./pty.ts";
import type { Reaper } from "./start-reaper.ts";

export interface LaunchOptions {
  command: readonly string[];
  cwd: string;
  env: Record<string, string>;
  pty?: PtyInfo | undefined;
  /** Where output goes; without one it is thrown away. */
  stdout?: (chunk: Buffer) => void;
  stderr?: (chunk: Buffer) => void;
  reaper: Reaper;
}

export interface Launched {
  /** Also the number of its group; undefined when it could not be started. */
  pid: number | undefined;
  stdin: Writable | undefined;
  exited: Promise<ExitStatus>;
  /** Resolves when the output has ended too, which may be later, as long as something else holds it open. */
  closed: Promise<void>;
  /** Gives up output that something still holds open. */
  abandonOutput(): void;
}

/** What a shell would exit with. */
const exitCodes: Record<string, number> = { ENOENT: 127, EACCES: 126 };

function exitStatus(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  return signal ? { signal: constants.signals[signal] } : { code: code ?? 0 };
}

/**
 * Starts a command. One that does not exist is no error: as in a shell it "exits" with 127 and says so on stderr.
 * @throws ServerError INVALID_ARGUMENT for a command that cannot be one, FAILED_PRECONDITION for a pty without `script`.
 */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { pty, stdout, stderr, reaper } = options;
  const [file = "", ...args] = pty ? onTerminal(options.command, pty) : options.command;
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...options.env, ...(pty && terminalEnvironment(pty)) },
      detached: true,
      stdio: ["pipe", stdout ? "pipe" : "ignore", stderr ? "pipe" : "ignore"],
    });
  } catch (error) {
    throw invalid(`The command cannot be started: ${error instanceof Error ? error.message : error}`);
  }
  // A process that ends before its input was read breaks the pipe; whoever writes gets to know.
  child.stdin?.on("error", () => {});
  if (stdout) child.stdout?.on("data", stdout);
  if (stderr) child.stderr?.on("data", stderr);
  // Both are listened for before the first await, so that a quick end cannot be missed.
  const exited = new Promise<ExitStatus>((resolve) => child.once("exit", (...end) => resolve(exitStatus(...end))));
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    await once(child, "spawn");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    stderr?.(Buffer.from(`exec: ${options.command[0]}: ${code === "ENOENT" ? "not found" : code}\n`));
    return {
      pid: undefined,
      stdin: undefined,
      exited: Promise.resolve({ code: exitCodes[code] ?? 126 }),
      closed: Promise.resolve(),
      abandonOutput() {},
    };
  }
  const pid = child.pid!;
  reaper.register(pid);
  void exited.then(() => reaper.unregister(pid));
  return {
    pid,
    stdin: child.stdin ?? undefined,
    exited,
    closed,
    abandonOutput() {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
  };
}
