// A command run in a Sandbox by `exec`: a process, or the file tools, which are done right here.
import { PassThrough } from "node:stream";
import { ByteLog } from "./byte-log.ts";
import type { ExitStatus, PtyInfo } from "./definitions.ts";
import { type FileToolsError, fileToolsPath, runFileTools } from "./file-tools.ts";
import { launch } from "./launch.ts";
import { killProcesses } from "./process-table.ts";
import { Pulse } from "./pulse.ts";
import type { SandboxPaths } from "./sandbox-paths.ts";
import type { Reaper } from "./start-reaper.ts";
import { StdinPipe } from "./stdin-pipe.ts";

export interface ExecOptions {
  command: readonly string[];
  cwd: string;
  env: Record<string, string>;
  pty?: PtyInfo | undefined;
  stdout: "pipe" | "ignore";
  stderr: "pipe" | "ignore" | "stdout";
  /** Seconds. */
  timeoutSecs?: number | undefined;
  paths: SandboxPaths;
  reaper: Reaper;
  /** Aborts when the Sandbox ends. */
  signal: AbortSignal;
}

export interface Exec {
  readonly stdout: ByteLog;
  readonly stderr: ByteLog;
  readonly stdin: StdinPipe;
  /** Undefined while it runs. */
  exit: ExitStatus | undefined;
  readonly changed: Pulse;
}

function finish(exec: Exec, exit: ExitStatus): void {
  exec.exit = exit;
  exec.changed.fire();
}

function startFileTools({ command, paths, signal }: ExecOptions): Exec {
  const stdin = new PassThrough();
  const exec: Exec = {
    stdout: new ByteLog(),
    stderr: new ByteLog(),
    stdin: new StdinPipe(stdin),
    exit: undefined,
    changed: new Pulse(),
  };
  void runFileTools(command[1] ?? "", { paths, stdin, stdout: (bytes) => exec.stdout.append(bytes), signal })
    .then(
      () => ({ code: 0 }),
      (error: FileToolsError) => {
        exec.stderr.append(Buffer.from(JSON.stringify({ error_kind: error.kind, message: error.message })));
        return { code: 1 };
      },
    )
    .then((exit) => {
      exec.stdout.end();
      exec.stderr.end();
      finish(exec, exit);
      // Whoever still writes is told that nobody reads.
      stdin.destroy();
    });
  return exec;
}

async function startProcess(options: ExecOptions): Promise<Exec> {
  const stdout = new ByteLog();
  const stderr = new ByteLog();
  const toStdout = (chunk: Buffer) => stdout.append(chunk);
  const launched = await launch({
    command: options.command,
    cwd: options.cwd,
    env: options.env,
    pty: options.pty,
    reaper: options.reaper,
    ...(options.stdout === "pipe" && { stdout: toStdout }),
    ...(options.stderr === "pipe" && { stderr: (chunk: Buffer) => stderr.append(chunk) }),
    ...(options.stderr === "stdout" && { stderr: toStdout }),
  });
  const { pid, exited, closed } = launched;
  const exec: Exec = { stdout, stderr, stdin: new StdinPipe(launched.stdin), exit: undefined, changed: new Pulse() };
  const timer =
    options.timeoutSecs &&
    setTimeout(() => killProcesses((row) => row.pid === pid || row.group === pid), options.timeoutSecs * 1000);
  void exited.then((exit) => {
    clearTimeout(timer || undefined);
    finish(exec, exit);
  });
  options.signal.addEventListener("abort", launched.abandonOutput);
  void closed.then(() => {
    options.signal.removeEventListener("abort", launched.abandonOutput);
    stdout.end();
    stderr.end();
  });
  return exec;
}

/** Starts a command. @throws ServerError as `launch` */
export async function startExec(options: ExecOptions): Promise<Exec> {
  return options.command[0] === fileToolsPath ? startFileTools(options) : startProcess(options);
}
