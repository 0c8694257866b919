// A Sandbox: a process with all it starts, its folder, its output, its limits and its end.
import { mkdir, realpath, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ByteLog } from "./byte-log.ts";
import type { ExecStart, ExitStatus, SandboxDefinition } from "./definitions.ts";
import { applyInstructions, type Instruction } from "./dockerfile.ts";
import { baseEnvironment, sandboxEnvironment, sandboxVariable } from "./environment.ts";
import { notFound } from "./errors.ts";
import { type Exec, startExec } from "./exec.ts";
import type { SandboxVersion } from "./ids.ts";
import { type Launched, launch } from "./launch.ts";
import { LogBook, type OutputDescriptor } from "./log-book.ts";
import { killProcesses, type Seed, signalProcess } from "./process-table.ts";
import { Pulse } from "./pulse.ts";
import { type SandboxPaths, workingDirectory } from "./sandbox-paths.ts";
import type { Reaper } from "./start-reaper.ts";
import { StdinPipe } from "./stdin-pipe.ts";
import type { Volumes } from "./volumes.ts";

/** GenericStatus of the protocol, the members that a Sandbox's end can have. */
export const status = { success: 1, failure: 2, terminated: 3, timeout: 4, idleTimeout: 7 } as const;

export interface SandboxResult {
  status: (typeof status)[keyof typeof status];
  exitcode: number;
  exception: string;
}

export interface SandboxOptions {
  id: string;
  taskId: string;
  version: SandboxVersion;
  appId: string;
  environmentName: string;
  definition: SandboxDefinition;
  tags: Record<string, string>;
  instructions: readonly Instruction[];
  /** Folder of the programs of the image's Python packages, first on PATH. */
  pythonBin: string | undefined;
  /** Variables of all its Secrets. */
  secrets: Record<string, string>;
  /** Seconds since 1970; no two Sandboxes have the same. */
  createdAt: number;
  /** Where its own folder is made. */
  directory: string;
  /** Variables of the host that it inherits. */
  host: Record<string, string>;
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number;
  volumes: Volumes;
  reaper: Reaper;
  log: (line: string) => void;
}

function outcome(result: SandboxResult): string {
  const name = Object.entries(status).find(([, value]) => value === result.status)?.[0];
  return `${name}, exit code ${result.exitcode}`;
}

/** Bytes of live output kept per stream. */
const liveOutputLimit = 16 * 1024 * 1024;
/** What Modal runs where neither the call nor the image names a command. */
const idleCommand = ["sleep", "172800"];

export class Sandbox {
  readonly options: SandboxOptions;
  name: string;
  tags: Record<string, string>;
  startedAt = 0;
  finishedAt = 0;
  result: SandboxResult | undefined;
  /** Fires when there is a result. */
  readonly ended = new Pulse();
  readonly stdout = new ByteLog(liveOutputLimit);
  readonly stderr = new ByteLog(liveOutputLimit);
  readonly logs = new LogBook();
  readonly execs = new Map<string, Promise<Exec>>();
  stdin = new StdinPipe(undefined);
  pid: number | undefined;
  #stopping: SandboxResult["status"] | undefined;
  #finished: Promise<void> | undefined;
  #paths: SandboxPaths;
  #environment: Record<string, string> = {};
  #workdir: string | undefined;
  readonly #end = new AbortController();
  #lifeTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #running = 0;

  constructor(options: SandboxOptions) {
    this.options = options;
    this.name = options.definition.name ?? "";
    this.tags = options.tags;
    this.#paths = { folder: join(options.directory, options.id), volumes: [] };
  }

  get id(): string {
    return this.options.id;
  }

  /** For messages to people. */
  get label(): string {
    return this.name ? `${this.id} (${this.name})` : this.id;
  }

  /** Makes its folder, starts its process and its clocks. */
  async start(): Promise<void> {
    const { definition, instructions, host, secrets, volumes, reaper } = this.options;
    await volumes.mount(definition.volumeMounts, this.#paths.folder);
    await mkdir(join(this.#paths.folder, "tmp"), { recursive: true });
    const real = (path: string) => realpath(path);
    this.#paths = {
      folder: await real(this.#paths.folder),
      volumes: await Promise.all(volumes.folders(definition.volumeMounts).map(real)),
    };
    const path = [this.options.pythonBin, host["PATH"]].filter(Boolean).join(delimiter);
    const image = applyInstructions(instructions, baseEnvironment({ ...host, PATH: path }, this.#paths.folder));
    this.#environment = sandboxEnvironment(image, secrets, {
      sandboxId: this.id,
      taskId: this.options.taskId,
      imageId: definition.imageId,
      environmentName: this.options.environmentName,
      marker: reaper.marker,
    });
    this.#workdir = definition.workdir ?? image.workdir;
    const args = definition.entrypointArgs.length > 0 ? definition.entrypointArgs : image.cmd;
    const command = [...image.entrypoint, ...args];
    const launched = await launch({
      command: command.length > 0 ? command : idleCommand,
      cwd: workingDirectory(this.#paths, this.#workdir),
      env: this.#environment,
      pty: definition.ptyInfo?.enabled ? definition.ptyInfo : undefined,
      stdout: (chunk) => this.#output(1, this.stdout, chunk),
      stderr: (chunk) => this.#output(2, this.stderr, chunk),
      reaper,
    });
    this.pid = launched.pid;
    this.stdin = new StdinPipe(launched.stdin);
    this.startedAt = Date.now() / 1000;
    if (definition.timeoutSecs > 0) {
      this.#lifeTimer = setTimeout(() => this.stop(status.timeout), definition.timeoutSecs * 1000);
    }
    this.#watchIdle();
    this.#finished = launched.exited.then((exit) => this.#finish(launched, exit));
    // It may have been asked to stop while it was started.
    if (this.#stopping) await this.#terminate();
  }

  /** Ends it: SIGTERM to its group, and after the grace SIGKILL for all that is left. Its result tells the first reason given. */
  stop(reason: SandboxResult["status"]): void {
    if (this.#stopping || this.finishedAt) return;
    this.#stopping = reason;
    void this.#terminate();
  }

  /** Kills it at once and waits until nothing of it is left. Not to be called before `start` has ended. */
  async kill(): Promise<void> {
    this.#stopping ??= status.terminated;
    await killProcesses(this.belongs);
    await this.#finished;
  }

  /** Whether a process belongs to it. */
  readonly belongs: Seed = (row) =>
    row.variable(sandboxVariable) === this.id || (this.pid !== undefined && !this.result && row.group === this.pid);

  /**
   * Runs a command in it; the same exec id runs once.
   * @throws ServerError NOT_FOUND when it has ended.
   */
  exec(request: ExecStart, secrets: Record<string, string>): Promise<Exec> {
    if (this.finishedAt || this.#stopping) throw notFound(`Sandbox ${this.id} has finished`);
    const running = this.execs.get(request.execId);
    if (running) return running;
    const started = startExec({
      command: request.commandArgs,
      cwd: workingDirectory(this.#paths, request.workdir ?? this.#workdir),
      env: { ...this.#environment, ...request.env, ...secrets },
      pty: request.ptyInfo?.enabled ? request.ptyInfo : undefined,
      stdout: request.stdoutConfig === 0 ? "ignore" : "pipe",
      stderr: request.stderrConfig === 0 ? "ignore" : request.stderrConfig === 2 ? "stdout" : "pipe",
      timeoutSecs: request.timeoutSecs,
      paths: this.#paths,
      reaper: this.options.reaper,
      signal: this.#end.signal,
    });
    this.execs.set(request.execId, started);
    void this.#countRunning(started);
    return started;
  }

  /** Tells the clock of the idle timeout that somebody uses it. Modal counts exec and writes to stdin, not the entrypoint. */
  touch(): void {
    this.#watchIdle();
  }

  async #countRunning(started: Promise<Exec>): Promise<void> {
    this.#running += 1;
    this.#watchIdle();
    try {
      const exec = await started;
      while (!exec.exit) await exec.changed.wait();
    } catch {
      // It did not start; the caller knows.
    } finally {
      this.#running -= 1;
      this.#watchIdle();
    }
  }

  #watchIdle(): void {
    clearTimeout(this.#idleTimer);
    const seconds = this.options.definition.idleTimeoutSecs;
    if (!seconds || this.#running > 0 || this.finishedAt) return;
    this.#idleTimer = setTimeout(() => this.stop(status.idleTimeout), seconds * 1000);
  }

  #output(fileDescriptor: OutputDescriptor, live: ByteLog, chunk: Buffer): void {
    live.append(chunk);
    this.logs.append(fileDescriptor, chunk);
  }

  async #terminate(): Promise<void> {
    if (this.pid === undefined) return;
    signalProcess(-this.pid, "SIGTERM");
    await delay(this.options.grace, undefined, { signal: this.#end.signal }).catch(() => {});
    if (!this.finishedAt) await killProcesses(this.belongs);
  }

  /** Its process has ended: so does everything that it left behind, as when a container ends. */
  async #finish(launched: Launched, exit: ExitStatus): Promise<void> {
    const reason = this.#stopping;
    clearTimeout(this.#lifeTimer);
    this.finishedAt = Date.now() / 1000;
    clearTimeout(this.#idleTimer);
    const left = await killProcesses(this.belongs);
    if (left.length > 0) this.options.log(`Sandbox ${this.label}: processes ${left.join(", ")} could not be killed`);
    this.#end.abort();
    // What escaped by shedding its environment may still hold the output open.
    await Promise.race([launched.closed, delay(1000, undefined, { ref: false })]);
    launched.abandonOutput();
    this.stdout.end();
    this.stderr.end();
    this.logs.end();
    const exitcode = exit.signal === undefined ? (exit.code ?? 0) : 128 + exit.signal;
    this.result = { status: reason ?? (exitcode === 0 ? status.success : status.failure), exitcode, exception: "" };
    this.ended.fire();
    this.options.log(`Sandbox ${this.label} ended: ${outcome(this.result)}`);
    await rm(this.#paths.folder, { recursive: true, force: true });
  }
}
