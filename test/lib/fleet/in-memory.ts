// GitHub and Modal behind the fleet's ports, in memory. Calls are counted; faults are switched on by the test.
import { readSandbox } from "../../../src/lib/fleet/names.ts";
import {
  type GitHub,
  type MintRequest,
  type Modal,
  NameTaken,
  type SandboxSpec,
} from "../../../src/lib/fleet/ports.ts";
import type { EndedSandbox, FleetSandbox, Job, Registration } from "../../../src/lib/fleet/snapshot.ts";

export class InMemoryGitHub implements GitHub {
  readonly jobs = new Map<number, Job>();
  readonly runners = new Map<number, Registration>();
  readonly calls: string[] = [];
  /** Called before each call takes effect; may throw. */
  before: (call: string) => void = () => undefined;
  /** Called after each call took effect, in place of its reply; may throw. */
  after: (call: string) => void = () => undefined;
  #nextId = 100;

  async #call<T>(name: string, effect: () => T): Promise<T> {
    this.calls.push(name);
    this.before(name);
    // A turn of the event loop, so that concurrent calls interleave as they would over a network.
    await new Promise((resolve) => setImmediate(resolve));
    const result = effect();
    this.after(name);
    return result;
  }

  readonly minted: MintRequest[] = [];
  /** Runs that are of pull requests from forks. */
  readonly forkRuns = new Set<number>();

  mintRunner(request: MintRequest) {
    const { name, repository } = request;
    return this.#call("mint", () => {
      this.minted.push(request);
      if ([...this.runners.values()].some((runner) => runner.name === name)) throw new NameTaken(name);
      const id = this.#nextId++;
      this.runners.set(id, { id, name, online: false, busy: false, repository });
      return { registrationId: id, jitConfig: `jit-of-${name}` };
    });
  }

  deregister(id: number) {
    return this.#call("deregister", () => {
      if (this.runners.get(id)?.busy) return "busy" as const;
      return this.runners.delete(id) ? ("removed" as const) : ("absent" as const);
    });
  }

  registrations() {
    return this.#call("registrations", () => [...this.runners.values()].map((runner) => ({ ...runner })));
  }

  registration(id: number) {
    return this.#call("registration", () => this.runners.get(id));
  }

  job(_repository: string, id: number) {
    return this.#call("job", () => this.jobs.get(id));
  }

  run(_repository: string, runId: number) {
    return this.#call("run", () => ({ isForkPullRequest: this.forkRuns.has(runId) }));
  }

  repositories() {
    return this.#call("repositories", () => [...new Set([...this.jobs.values()].map((job) => job.repository))]);
  }

  redeliverFailed() {
    return this.#call("redeliver", () => 0);
  }

  unfinishedJobs() {
    return this.#call("jobs", () => [...this.jobs.values()].filter((job) => job.status !== "completed"));
  }
}

export class InMemoryModal implements Modal {
  readonly alive = new Map<string, FleetSandbox & { secrets: Record<string, string> }>();
  readonly calls: string[] = [];
  before: (call: string) => void = () => undefined;
  after: (call: string) => void = () => undefined;
  /** Sandboxes that end by themselves when waited for. */
  endsByItself = true;
  #nextId = 1;

  async #call<T>(name: string, effect: () => T): Promise<T> {
    this.calls.push(name);
    this.before(name);
    await new Promise((resolve) => setImmediate(resolve));
    const result = effect();
    this.after(name);
    return result;
  }

  sandboxes() {
    return this.#call("list", () => [...this.alive.values()].map(({ secrets: _, ...sandbox }) => ({ ...sandbox })));
  }

  readonly specs: SandboxSpec[] = [];
  readonly past: EndedSandbox[] = [];

  ended(since: number) {
    return this.#call("ended", () => this.past.filter((sandbox) => sandbox.createdAt >= since));
  }

  create(spec: SandboxSpec) {
    return this.#call("create", () => {
      this.specs.push(spec);
      if ([...this.alive.values()].some((sandbox) => sandbox.name === spec.name)) throw new NameTaken(spec.name);
      const id = `sb-${this.#nextId++}`;
      const sandbox = readSandbox(id, spec.name, spec.tags);
      if (!sandbox) throw new Error(`tags are not whole: ${JSON.stringify(spec.tags)}`);
      this.alive.set(id, { ...sandbox, secrets: spec.secretEnvironment });
      return { sandboxId: id };
    });
  }

  retag(id: string, tags: Record<string, string>) {
    return this.#call("retag", () => {
      const before = this.alive.get(id);
      const after = before && readSandbox(id, before.name, tags);
      if (after) this.alive.set(id, { ...before, ...after });
    });
  }

  waitForEnd(id: string) {
    return this.#call("wait", () => {
      if (this.endsByItself) this.alive.delete(id);
      return !this.alive.has(id);
    });
  }

  terminate(id: string) {
    return this.#call("terminate", () => void this.alive.delete(id));
  }
}
