// All Sandboxes of an emulator, running and ended: making them, finding them, listing them.
import { join } from "node:path";
import type { App, Apps } from "./apps.ts";
import type { SandboxDefinition } from "./definitions.ts";
import { alreadyExists, failedPrecondition, invalid, notFound } from "./errors.ts";
import { newSandboxId, newTaskId, type SandboxVersion } from "./ids.ts";
import type { Images } from "./images.ts";
import { Sandbox, type SandboxOptions } from "./sandbox.ts";
import type { Volumes } from "./volumes.ts";

type Tags = readonly { tagName: string; tagValue: string }[];

export interface ListQuery {
  appId: string;
  environmentName: string;
  /** Seconds since 1970; only what was created before, 0 for all. */
  beforeTimestamp: number;
  includeFinished: boolean;
  tags: Tags;
}

/** Seconds; https://modal.com/docs/guide/sandboxes: a Sandbox lives 24 hours at most. */
const maxTimeout = 24 * 3600;

export function tagsOf(tags: Tags): Record<string, string> {
  return Object.fromEntries(tags.map(({ tagName, tagValue }) => [tagName, tagValue]));
}

export interface SandboxStoreOptions extends Pick<SandboxOptions, "directory" | "host" | "grace" | "reaper" | "log"> {
  /** How many a list call answers at once. */
  pageSize: number;
  apps: Apps;
  images: Images;
  volumes: Volumes;
}

export class SandboxStore {
  readonly #options: SandboxStoreOptions;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #byTask = new Map<string, Sandbox>();
  readonly #starting = new Set<Promise<void>>();
  #lastCreated = 0;
  #closed = false;

  constructor(options: SandboxStoreOptions) {
    this.#options = options;
  }

  /** @throws ServerError NOT_FOUND */
  get(id: string): Sandbox {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) throw notFound(`Sandbox with ID ${id} not found`);
    return sandbox;
  }

  /** @throws ServerError NOT_FOUND */
  ofTask(taskId: string): Sandbox {
    const sandbox = this.#byTask.get(taskId);
    if (!sandbox) throw notFound(`Task ${taskId} not found`);
    return sandbox;
  }

  all(): Sandbox[] {
    return [...this.#sandboxes.values()];
  }

  running(app?: App): Sandbox[] {
    return this.all().filter((sandbox) => !sandbox.result && (!app || sandbox.options.appId === app.id));
  }

  /** The newest Sandbox of that name in an App. */
  named(app: App, name: string, includeFinished = false): Sandbox | undefined {
    const candidates = includeFinished ? this.all() : this.running();
    return candidates.findLast((sandbox) => sandbox.name === name && sandbox.options.appId === app.id);
  }

  /**
   * Creates a Sandbox and starts it.
   * @param secrets the variables of all its Secrets.
   * @throws ServerError INVALID_ARGUMENT, NOT_FOUND, or ALREADY_EXISTS for a name that a running one has
   */
  async create(
    version: SandboxVersion,
    appId: string,
    definition: SandboxDefinition | undefined,
    tags: Tags,
    secrets: Record<string, string>,
  ): Promise<Sandbox> {
    if (!definition) throw invalid("The request holds no definition");
    const app = this.#options.apps.get(appId);
    this.#check(version, app, definition);
    const { instructions, pythonBin } = this.#options.images.get(definition.imageId);
    this.#options.volumes.check(definition.volumeMounts);
    const { directory, ...shared } = this.#options;
    const sandbox = new Sandbox({
      ...shared,
      id: newSandboxId(version),
      taskId: newTaskId(version),
      version,
      appId,
      environmentName: app.environmentName,
      definition,
      tags: tagsOf(tags),
      instructions,
      pythonBin,
      secrets,
      createdAt: this.#now(),
      directory: join(directory, "sandboxes"),
    });
    // Before anything is waited for, so that no other create takes the same name meanwhile.
    this.#sandboxes.set(sandbox.id, sandbox);
    this.#byTask.set(sandbox.options.taskId, sandbox);
    const started = sandbox.start();
    const settled = started.catch(() => {}).finally(() => this.#starting.delete(settled));
    this.#starting.add(settled);
    try {
      await started;
    } catch (error) {
      this.#sandboxes.delete(sandbox.id);
      this.#byTask.delete(sandbox.options.taskId);
      throw error;
    }
    this.#options.log(`Sandbox ${sandbox.label} started`);
    return sandbox;
  }

  #check(version: SandboxVersion, app: App, definition: SandboxDefinition): void {
    if (this.#closed) throw failedPrecondition("The emulator is closing");
    if (app.stoppedAt !== 0) throw failedPrecondition(`App '${app.name}' is stopped`);
    const gpu = definition.resources?.gpuConfig?.gpuType;
    if (gpu && version === 2) throw invalid("GPUs are not supported by this Sandbox backend");
    if (gpu && (definition.runtime === "vm" || definition.experimentalOptionsV2["vm_runtime"] === "true")) {
      throw invalid("GPUs are not supported by VM Sandboxes");
    }
    if (definition.timeoutSecs > maxTimeout) throw invalid(`The timeout must be at most ${maxTimeout} seconds`);
    if (definition.name) this.checkName(app, definition.name);
  }

  /** @throws ServerError INVALID_ARGUMENT or ALREADY_EXISTS */
  checkName(app: App, name: string): void {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) throw invalid(`Invalid Sandbox name: '${name}'`);
    if (this.named(app, name)) throw alreadyExists(`Sandbox with name '${name}' already exists in App '${app.name}'`);
  }

  /** Newest first, one page; clients ask on with the last one's time until a page is empty. */
  list(query: ListQuery, versions: readonly SandboxVersion[]): Sandbox[] {
    const environment = query.appId ? undefined : this.#options.apps.environment(query.environmentName);
    const tags = Object.entries(tagsOf(query.tags));
    return this.all()
      .filter(
        (sandbox) =>
          versions.includes(sandbox.options.version) &&
          (query.includeFinished || !sandbox.result) &&
          (environment ? sandbox.options.environmentName === environment : sandbox.options.appId === query.appId) &&
          (query.beforeTimestamp === 0 || sandbox.options.createdAt < query.beforeTimestamp) &&
          tags.every(([name, value]) => sandbox.tags[name] === value),
      )
      .reverse()
      .slice(0, this.#options.pageSize);
  }

  /** Ends them all and waits until nothing of them is left. No more can be created. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#starting);
    await Promise.all(this.all().map((sandbox) => sandbox.kill()));
  }

  /** Strictly rising, since lists are paged by it. */
  #now(): number {
    this.#lastCreated = Math.max(Date.now() / 1000, this.#lastCreated + 1e-6);
    return this.#lastCreated;
  }
}
