// The loop: observe, decide, act. For one job as soon as something is heard of it, and for the whole fleet on the schedule.
import type { Policy } from "../policy/schema.ts";
import { type ActContext, act, type Outcome } from "./act.ts";
import { decide, displacedBy } from "./decide.ts";
import type { Decision } from "./decision.ts";
import type { GitHub, Modal } from "./ports.ts";
import type { FleetSandbox, Job, Snapshot, StartingSandbox } from "./snapshot.ts";

export interface LoopOptions {
  policy: Policy;
  github: GitHub;
  modal: Modal;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Five characters of [a-z0-9]. */
  random(): string;
}

/** A decision, and the outcome that is still to come. */
export interface Step {
  decision: Decision;
  outcome: Promise<Outcome>;
}

/** News of a job older than this is checked with GitHub before a runner is started for it. */
const freshMs = 60_000;
/** How long this controller's own writes of tags outrank what a list says. */
const ownWritesMs = 30_000;

type Assignment = Pick<FleetSandbox, "jobId" | "runId" | "repository" | "busy"> & { at: number };

export class FleetLoop {
  readonly #options: LoopOptions;
  readonly #starting = new Set<StartingSandbox>();
  readonly #assigned = new Map<string, Assignment>();

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /**
   * Acts on news of one job, wherever it came from. What the news says is believed while it is fresh; a queued job of
   * which it is older is looked up, so that a delivery that comes hours late starts nothing.
   * @throws Unavailable when the fleet could not be observed
   */
  async hear(news: Job): Promise<Step[]> {
    const job = await this.#current(news);
    const observed = await this.#observe(async (sandboxes) => {
      const displaced = job.status === "in_progress" ? displacedBy(job, sandboxes) : undefined;
      if (!displaced) return { jobs: [job] };
      const other = await this.#options.github.job(displaced.repository, displaced.jobId);
      return { jobs: other ? [job, other] : [job] };
    });
    return this.#decideAndAct(observed());
  }

  /**
   * Looks at everything and mends what is not as it should be.
   * @throws Unavailable when the fleet could not be observed
   */
  async reconcile(): Promise<Step[]> {
    const { github } = this.#options;
    const observed = await this.#observe(async (sandboxes) => {
      const [registrations, unfinished] = await Promise.all([github.registrations(), github.unfinishedJobs()]);
      const known = new Set(unfinished.map((job) => job.id));
      // A Sandbox whose job is not among the unfinished ones: only GitHub can say whether the job is over.
      const missing = new Map(sandboxes.filter(({ jobId }) => !known.has(jobId)).map((entry) => [entry.jobId, entry]));
      const looked = [...missing.values()].map((sandbox) => github.job(sandbox.repository, sandbox.jobId));
      const others = (await Promise.all(looked)).filter((job) => job !== undefined);
      return { jobs: [...unfinished, ...others], registrations };
    });
    return this.#decideAndAct(observed());
  }

  async #current(news: Job): Promise<Job> {
    const { github, now } = this.#options;
    if (news.status !== "queued" || now() - news.createdAt < freshMs) return news;
    return (await github.job(news.repository, news.id)) ?? news;
  }

  /**
   * Reads the fleet. What this controller has begun or written meanwhile is mixed in only when the returned function is
   * called, which must be in the same turn as `decide`: so no two decisions of one process can miss each other.
   */
  async #observe(
    look: (sandboxes: FleetSandbox[]) => Promise<Pick<Snapshot, "jobs" | "registrations">>,
  ): Promise<() => Snapshot> {
    const startingBefore = [...this.#starting];
    const listed = await this.#options.modal.sandboxes();
    const rest = await look(this.#withOwnWrites(listed));
    return () => ({
      ...rest,
      now: this.#options.now(),
      sandboxes: this.#withOwnWrites(listed),
      starting: [...new Set([...startingBefore, ...this.#starting])],
    });
  }

  #withOwnWrites(sandboxes: FleetSandbox[]): FleetSandbox[] {
    for (const [id, { at }] of this.#assigned) if (this.#options.now() - at > ownWritesMs) this.#assigned.delete(id);
    return sandboxes.map((sandbox) => {
      const own = this.#assigned.get(sandbox.id);
      if (!own) return sandbox;
      const { at: _, ...written } = own;
      return { ...sandbox, ...written };
    });
  }

  #decideAndAct(snapshot: Snapshot): Step[] {
    const context: ActContext = {
      ...this.#options,
      onStarting: (entry) => {
        this.#starting.add(entry);
        return () => this.#starting.delete(entry);
      },
    };
    return decide(snapshot, this.#options.policy).map((decision) => {
      if (decision.action === "assign") {
        const { job, busy, sandbox } = decision;
        const assignment = { jobId: job.id, runId: job.runId, repository: job.repository, busy, at: snapshot.now };
        this.#assigned.set(sandbox.id, assignment);
      }
      return { decision, outcome: act(decision, context) };
    });
  }
}
