// A container of a Function: a process with all it starts, in a folder that stands for `/`, with the files of the
// Function's Mounts in it. The user's module is imported by the container's Python and its function called.
import { mkdir, realpath, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ContainerPrograms, portsVariable } from "./container-programs.ts";
import { applyInstructions, type Instruction } from "./dockerfile.ts";
import { baseEnvironment } from "./environment.ts";
import { newId } from "./ids.ts";
import { type Launched, launch } from "./launch.ts";
import { LogBook } from "./log-book.ts";
import { killProcesses, signalProcess } from "./process-table.ts";
import { markerVariable, type Reaper } from "./start-reaper.ts";
import type { Uploads } from "./uploads.ts";

export interface ContainerOptions {
  appId: string;
  environmentName: string;
  moduleName: string;
  functionName: string;
  mountIds: readonly string[];
  imageId: string;
  instructions: readonly Instruction[];
  /** Variables of all its Secrets. */
  secrets: Record<string, string>;
  /** Folder of the programs of its Python. */
  pythonBin: string;
  /** What the App's functions are called, by name. */
  layout: Record<string, { id: string; webUrl: string }>;
  /** The port that a web server is to listen on; 0 for a Function that is none. */
  port: number;
  /** Seconds that a web server has to listen. */
  startupTimeout: number;
  directory: string;
  host: Record<string, string>;
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number;
  programs: ContainerPrograms;
  uploads: Uploads;
  reaper: Reaper;
  log(line: string): void;
}

/** The variable by which a process is known to belong to a container. */
export const taskVariable = "MODAL_TASK_ID";

/** What the original sets inside: a socket, whose holder needs no token. Here nobody listens there. */
const serverInside = "unix:/run/modal.sock";

export class FunctionContainer {
  readonly taskId = newId("ta");
  readonly options: ContainerOptions;
  readonly logs = new LogBook();
  /** Resolves with the exit code once nothing of it is left. */
  readonly ended: Promise<number>;
  /** Where its web server really listens, on loopback. */
  port = 0;
  hasEnded = false;
  #launched: Launched | undefined;
  #isStopping = false;
  readonly #end = Promise.withResolvers<number>();

  constructor(options: ContainerOptions) {
    this.options = options;
    this.ended = this.#end.promise;
  }

  readonly belongs = (row: { variable(name: string): string | undefined }) =>
    row.variable(taskVariable) === this.taskId;

  /**
   * Starts it; with a web server, resolves when that listens.
   * @throws Error when it ends before, or takes too long
   */
  async start(): Promise<void> {
    const { options } = this;
    const made = join(options.directory, this.taskId);
    await mkdir(join(made, "root"), { recursive: true });
    await mkdir(join(made, "tmp"));
    const folder = await realpath(made);
    for (const mountId of options.mountIds) await options.uploads.place(mountId, folder);
    if (options.port > 0) this.port = await freePort();
    const given = join(folder, "container.json");
    const { moduleName, functionName, layout } = options;
    const call = { module: moduleName, function: functionName, layout, isWebServer: options.port > 0 };
    await writeFile(given, JSON.stringify(call));
    this.#launched = await launch({
      command: [join(options.pythonBin, "python"), "-u", options.programs.entrypoint, given],
      cwd: join(folder, "root"),
      env: this.#environment(folder),
      stdout: (chunk) => this.logs.append(1, chunk),
      stderr: (chunk) => this.logs.append(2, chunk),
      reaper: options.reaper,
    });
    void this.#launched.exited.then((exit) => this.#finish(folder, exit.code ?? 128 + (exit.signal ?? 0)));
    options.log(`Container ${this.taskId} of ${functionName} started`);
    if (options.port > 0) await this.#listening();
  }

  #environment(folder: string): Record<string, string> {
    const { host, instructions, secrets, pythonBin, programs, reaper } = this.options;
    // An image with Node has it on its PATH; here that is the one we run under.
    const path = [pythonBin, dirname(process.execPath), host["PATH"] ?? ""].join(delimiter);
    const image = applyInstructions(instructions, baseEnvironment({ ...host, PATH: path }, folder));
    return {
      ...image.env,
      ...programs.preloads,
      ...secrets,
      MODAL_SERVER_URL: serverInside,
      MODAL_IS_REMOTE: "1",
      MODAL_IMAGE_ID: this.options.imageId,
      MODAL_ENVIRONMENT: this.options.environmentName,
      ...(this.port > 0 ? { [portsVariable]: `${this.options.port}:${this.port}` } : {}),
      [taskVariable]: this.taskId,
      [markerVariable]: reaper.marker,
    };
  }

  async #listening(): Promise<void> {
    const deadline = Date.now() + this.options.startupTimeout * 1000;
    while (!this.hasEnded) {
      if (await accepts(this.port)) return;
      if (Date.now() > deadline) {
        void this.stop();
        throw new Error(`Nothing listened on port ${this.options.port} within ${this.options.startupTimeout} s`);
      }
      await delay(20);
    }
    throw new Error(`The container ended before anything listened on port ${this.options.port}:\n${this.lastWords()}`);
  }

  lastWords(): string {
    return this.logs.entries
      .slice(-10)
      .map(({ data }) => data)
      .join("");
  }

  /** SIGTERM, and after the grace SIGKILL for all that is left. */
  async stop(): Promise<void> {
    const pid = this.#launched?.pid;
    if (!this.#isStopping && pid !== undefined && !this.hasEnded) {
      this.#isStopping = true;
      signalProcess(-pid, "SIGTERM");
      const grace = setTimeout(() => void killProcesses(this.belongs), this.options.grace);
      void this.ended.then(() => clearTimeout(grace));
    }
    if (pid !== undefined) await this.ended;
  }

  async #finish(folder: string, code: number): Promise<void> {
    this.hasEnded = true;
    await killProcesses(this.belongs);
    await Promise.race([this.#launched?.closed, delay(1000, undefined, { ref: false })]);
    this.#launched?.abandonOutput();
    this.logs.end();
    await rm(folder, { recursive: true, force: true });
    const { functionName, log } = this.options;
    log(`Container ${this.taskId} of ${functionName} ended with ${code}`);
    if (code !== 0 && !this.#isStopping) log(this.lastWords());
    this.#end.resolve(code);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const answer = (isOpen: boolean) => () => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", answer(true)).once("error", answer(false));
  });
}
