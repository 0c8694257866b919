// Modal: Sandboxes with names that are unique among the living, their tags, and how long it takes to start and end one.
import { readSandbox } from "../../src/lib/fleet/names.ts";
import { NameTaken, type SandboxSpec, Unavailable } from "../../src/lib/fleet/ports.ts";
import type { EndedSandbox, FleetSandbox } from "../../src/lib/fleet/snapshot.ts";
import type { ModelSandbox } from "./observer.ts";
import type { World } from "./world.ts";

export class ModalModel {
  readonly alive = new Map<string, ModelSandbox>();
  readonly #world: World;
  readonly #start: (sandbox: ModelSandbox) => void;
  readonly #areNamesUnique: boolean;
  readonly #names = new Map<string, ModelSandbox>();
  readonly #ended: ModelSandbox[] = [];
  #nextId = 1;

  /**
   * @param start what runs inside a Sandbox once it is scheduled
   * @param areNamesUnique whether Modal refuses a name that a living Sandbox has, as it does
   */
  constructor(world: World, start: (sandbox: ModelSandbox) => void, areNamesUnique: boolean) {
    this.#world = world;
    this.#start = start;
    this.#areNamesUnique = areNamesUnique;
  }

  get created(): number {
    return this.#nextId - 1;
  }

  list(): FleetSandbox[] {
    return [...this.alive.values()].map(({ view }) => ({ ...view }));
  }

  ended(since: number): EndedSandbox[] {
    // In the order of their ends; none lives longer than a day.
    const found: EndedSandbox[] = [];
    for (let index = this.#ended.length - 1; index >= 0; index--) {
      const { view, endedAt = 0 } = this.#ended[index] as ModelSandbox;
      if (endedAt < since) break;
      if (view.createdAt >= since) found.push({ ...view, endedAt });
    }
    return found;
  }

  /** Asks for a Sandbox: the name is taken at once, the machine is found later, or never. */
  create(spec: SandboxSpec, reply: (sandboxId: string) => void, fail: (error: Error) => void): void {
    const { clock, random, has, observer, trace } = this.#world;
    const isMistaken = has("name-races") && random.chance(0.03);
    if (isMistaken || (this.#areNamesUnique && this.#names.has(spec.name))) {
      fail(new NameTaken(`a Sandbox ${spec.name} is alive${isMistaken ? ", or was a moment ago" : ""}`));
      return;
    }
    const id = `sb-${this.#nextId++}`;
    const view = readSandbox(id, spec.name, spec.tags);
    if (!view) throw new Error(`The tags of ${spec.name} are not whole: ${JSON.stringify(spec.tags)}`);
    const sandbox: ModelSandbox = {
      view,
      pool: view.pool,
      taggedAt: clock.now,
      endedAt: undefined,
      environment: spec.environment,
      registrationId: Number(/^jit-(\d+)$/.exec(spec.secretEnvironment["ACTIONS_RUNNER_INPUT_JITCONFIG"] ?? "")?.[1]),
      running: undefined,
      onEnd: [],
    };
    this.alive.set(id, sandbox);
    this.#names.set(spec.name, sandbox);
    trace.add(clock.now, `Sandbox ${id} ${spec.name} of pool ${view.pool} with ${view.runnerName}`, aboutSandbox(view));
    observer.created(sandbox);
    const scheduleMs = spec.gpu ? random.between(20_000, 240_000) : random.between(1_000, 8_000);
    const isExhausted = has("exhaustion") && random.chance(spec.gpu ? 0.2 : 0.05);
    let isPending = true;
    sandbox.onEnd.push(() => {
      if (isPending) fail(new Unavailable("modal", "Modal: the Sandbox ended before it was scheduled"));
      isPending = false;
    });
    clock.after(scheduleMs, () => {
      if (isExhausted) this.end(sandbox, "no machine was found");
      if (sandbox.endedAt !== undefined) return;
      isPending = false;
      this.#start(sandbox);
      reply(id);
    });
  }

  retag(id: string, tags: Record<string, string>): void {
    const { clock, observer, trace } = this.#world;
    const sandbox = this.alive.get(id);
    const after = sandbox && readSandbox(id, sandbox.view.name, tags);
    if (!sandbox || !after) return;
    const before = sandbox.view;
    sandbox.view = after;
    sandbox.taggedAt = clock.now;
    trace.add(clock.now, `Sandbox ${id} is for job ${after.jobId}${after.busy ? ", busy" : ""} by its tags`, [
      ...aboutSandbox(after),
      before.jobId,
    ]);
    observer.retagged(sandbox, before);
  }

  waitForEnd(id: string, timeoutMs: number, reply: (isEnded: boolean) => void): void {
    const sandbox = this.alive.get(id);
    if (!sandbox) {
      reply(true);
      return;
    }
    let isAnswered = false;
    const answer = (isEnded: boolean) => {
      if (!isAnswered) reply(isEnded);
      isAnswered = true;
    };
    sandbox.onEnd.push(() => answer(true));
    this.#world.clock.after(timeoutMs, () => answer(false));
  }

  terminate(id: string): void {
    const { clock, random, observer } = this.#world;
    const sandbox = this.alive.get(id);
    if (!sandbox) return;
    observer.terminated(sandbox);
    clock.after(random.between(100, 2_000), () => this.end(sandbox, "terminated"));
  }

  /** The Sandbox is over, for whatever reason. */
  end(sandbox: ModelSandbox, why: string): void {
    const { clock, observer, trace } = this.#world;
    if (sandbox.endedAt !== undefined) return;
    sandbox.endedAt = clock.now;
    this.alive.delete(sandbox.view.id);
    if (this.#names.get(sandbox.view.name) === sandbox) this.#names.delete(sandbox.view.name);
    this.#ended.push(sandbox);
    trace.add(clock.now, `Sandbox ${sandbox.view.id} has ended: ${why}`, aboutSandbox(sandbox.view));
    observer.ended(sandbox);
    for (const told of sandbox.onEnd.splice(0)) told();
  }
}

function aboutSandbox({ id, jobId, runnerName }: FleetSandbox): (string | number)[] {
  return [id, jobId, runnerName];
}
