// The loop: observe, decide, act. For one job as soon as something is heard of it, and for the whole fleet on the schedule.
import type { Policy } from "../policy/schema.ts";
import { type ActContext, act, type Outcome } from "./act.ts";
import { decide, displacedBy } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { OwnWork } from "./own-work.ts";
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

/** News of a queued job that is older than this is checked with GitHub before a runner is started for it. */
const freshMs = 60_000;

/** What was read, before own work is mixed in. */
interface Observation {
  now: number;
  startingBefore: StartingSandbox[];
  listed: FleetSandbox[];
  jobs: Job[];
  registrations?: Snapshot["registrations"];
}

export class FleetLoop {
  readonly #options: LoopOptions;
  readonly #own = new OwnWork();

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /**
   * Acts on news of one job, wherever it came from. News is believed while it is fresh; that a job is queued is looked up
   * when it comes late, or after news that the job got on, so that a belated delivery starts nothing.
   * @throws Unavailable when the fleet could not be observed
   */
  async hear(news: Job): Promise<Step[]> {
    const { github, modal } = this.#options;
    const observation = this.#begin();
    const isOvertaken = this.#own.hear(news, observation.now);
    const isLate = news.status === "queued" && observation.now - news.createdAt >= freshMs;
    const job = isLate || isOvertaken ? ((await github.job(news.repository, news.id)) ?? news) : news;
    const listed = await modal.sandboxes();
    const jobs = [job];
    if (job.status === "in_progress") {
      const displaced = displacedBy(job, this.#own.apply(listed, this.#options.now()).sandboxes);
      const other = displaced && (await github.job(displaced.repository, displaced.jobId));
      if (other) jobs.push(other);
    }
    return this.#decideAndAct({ ...observation, listed, jobs });
  }

  /**
   * Looks at everything and mends what is not as it should be.
   * @throws Unavailable when the fleet could not be observed
   */
  async reconcile(): Promise<Step[]> {
    const { github, modal } = this.#options;
    const observation = this.#begin();
    const [registrations, unfinished] = await Promise.all([github.registrations(), github.unfinishedJobs()]);
    // After the jobs: a Sandbox that was started for one of them meanwhile must be seen.
    const listed = await modal.sandboxes();
    const known = new Set(unfinished.map((job) => job.id));
    // A Sandbox whose job is not among the unfinished ones: only GitHub can say whether the job is over.
    const missing = new Map(listed.filter(({ jobId }) => !known.has(jobId)).map((entry) => [entry.jobId, entry]));
    const looked = [...missing.values()].map((sandbox) => github.job(sandbox.repository, sandbox.jobId));
    const others = (await Promise.all(looked)).filter((job) => job !== undefined);
    const jobs = [...unfinished, ...others];
    return this.#decideAndAct({ ...observation, listed, jobs, registrations }, { confirm: true });
  }

  #begin(): Pick<Observation, "now" | "startingBefore"> {
    return { now: this.#options.now(), startingBefore: this.#own.starting() };
  }

  /**
   * Mixes in what this process has begun meanwhile, decides, and begins to act, all in one turn: so no two decisions of
   * one process can miss each other.
   */
  #decideAndAct(observation: Observation, how: Pick<ActContext, "confirm"> = {}): Step[] {
    const { now, startingBefore, listed, jobs, registrations } = observation;
    const snapshot: Snapshot = {
      now,
      jobs,
      ...this.#own.apply(listed, this.#options.now()),
      starting: [...new Set([...startingBefore, ...this.#own.starting()])],
      ...(registrations ? { registrations } : {}),
    };
    const context: ActContext = { ...this.#options, ...how, onStarting: (entry) => this.#own.start(entry) };
    return decide(snapshot, this.#options.policy).map((decision) => {
      const end = this.#own.begin(decision, this.#options.now());
      const outcome = act(decision, context);
      outcome.then(
        ({ done, reason }) => end(done && reason !== "keep:busy"),
        () => end(false),
      );
      return { decision, outcome };
    });
  }
}
