// The loop: observe, decide, act. For one job as soon as something is heard of it, and for the whole fleet on the schedule.
import { allowsRepository } from "../policy/match.ts";
import type { Policy } from "../policy/schema.ts";
import { type ActContext, act, type Outcome } from "./act.ts";
import { decide, displacedBy } from "./decide.ts";
import { refusal } from "./decide-provide.ts";
import type { Decision } from "./decision.ts";
import { Lookout } from "./lookout.ts";
import { withMissing } from "./missing-registrations.ts";
import { parseOwnRunnerName } from "./names.ts";
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
/** How far back failed starts and failed deliveries are looked for. */
const recentMs = 60 * 60_000;

/** What was read, before own work is mixed in. */
interface Observation extends Omit<Snapshot, "sandboxes" | "ending" | "starting" | "failed"> {
  startingBefore: StartingSandbox[];
  listed: FleetSandbox[];
}

/** Whether a decision takes something away, rather than give a job its runner. */
export function removes({ action }: Decision): boolean {
  return action === "finish" || action === "terminate" || action === "deregister";
}

export class FleetLoop {
  readonly #options: LoopOptions;
  readonly #own = new OwnWork();
  readonly #lookout: Lookout;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#lookout = new Lookout(options);
  }

  /**
   * Acts on news of one job, wherever it came from. News is believed while it is fresh; that a job is queued is looked up
   * when it comes late, or after news that the job got on, so that a belated delivery starts nothing. Jobs that had to
   * wait are decided about along with it: no newcomer jumps the queue.
   * @throws Unavailable when the fleet could not be observed
   */
  async hear(news: Job): Promise<Step[]> {
    const { github, modal } = this.#options;
    const observation = this.#begin();
    const { policy } = this.#options;
    // An organisation's webhooks tell of every job there is; those that are none of ours must cost nothing.
    // But GitHub may have given one of them a runner of ours, made for another job, which then needs a new one.
    const isForeign = !allowsRepository(policy, news.repository) && !parseOwnRunnerName(news.runnerName, policy);
    const unserved = news.status === "queued" || isForeign ? refusal(news, policy) : undefined;
    if (unserved) return [{ decision: unserved, outcome: act(unserved, this.#options) }];
    this.#lookout.saw(news.repository);
    const isOvertaken = this.#own.hear(news, observation.now);
    const isLate = news.status === "queued" && observation.now - news.createdAt >= freshMs;
    const job = isLate || isOvertaken ? ((await github.job(news.repository, news.id)) ?? news) : news;
    const jobs = [job];
    // A job that ended has left room, which its Sandbox may have done without a word of it coming here; one that took
    // another's runner may have left its own over.
    if (job.status === "queued" || job.status === "in_progress" || job.status === "completed") {
      jobs.push(...this.#own.waiting(observation.now).filter(({ id }) => id !== job.id));
    }
    const [queued, spentToday] = await Promise.all([this.#lookout.withOrigin(jobs), this.#lookout.spentToday()]);
    const listed = await modal.sandboxes();
    if (job.status === "in_progress") {
      const displaced = displacedBy(job, this.#own.apply(listed, this.#options.now()).sandboxes);
      const other = displaced && (await github.job(displaced.repository, displaced.jobId));
      const isNew = other && !queued.some(({ id }) => id === other.id);
      if (isNew) queued.push(...(await this.#lookout.withOrigin([other])));
    }
    const steps = this.#decideAndAct(
      { ...observation, listed, jobs: queued, spentToday },
      (entry) => entry.id !== job.id,
    );
    // What is said of the job in question comes first; that others go on waiting is no news.
    const isAbout = ({ decision }: Step) => "job" in decision && decision.job.id === job.id;
    const isNews = ({ decision }: Step) => decision.action !== "none";
    return [...steps.filter(isAbout), ...steps.filter((step) => !isAbout(step) && isNews(step))];
  }

  /**
   * Looks at everything and mends what is not as it should be.
   * @throws Unavailable when the fleet could not be observed
   */
  async reconcile(): Promise<Step[]> {
    const { github, now } = this.#options;
    // What GitHub sends once more comes sooner; what it does not is found all the same.
    await github.redeliverFailed(now() - recentMs).catch(() => 0);
    return this.#decideAndAct(await this.#observeAll(), () => true);
  }

  /**
   * Of what reconcile would do only that which removes: Sandboxes and registrations that are left over.
   * @throws Unavailable when the fleet could not be observed
   */
  async prune(): Promise<Step[]> {
    return this.#decideAndAct(await this.#observeAll(), () => true, removes);
  }

  /**
   * What reconcile would do, without doing it.
   * @throws Unavailable when the fleet could not be observed
   */
  async preview(): Promise<Decision[]> {
    return decide(this.#withOwnWork(await this.#observeAll()), this.#options.policy);
  }

  async #observeAll(): Promise<Observation> {
    const { github, modal } = this.#options;
    const observation = this.#begin();
    const before = await modal.sandboxes();
    for (const sandbox of before) this.#lookout.saw(sandbox.repository);
    const repositories = await this.#lookout.repositories();
    const [registrations, unfinished] = await Promise.all([
      github.registrations(),
      github.unfinishedJobs(repositories),
    ]);
    // Again, after the jobs: a Sandbox that was started for one of them meanwhile must be seen.
    const sandboxes = modal.sandboxes();
    const [listed, registered, ended, spentToday] = await Promise.all([
      sandboxes,
      sandboxes.then((all) => withMissing(registrations, all, github, observation.now)),
      modal.ended(observation.now - recentMs),
      this.#lookout.spentToday(),
    ]);
    const known = new Set(unfinished.map((job) => job.id));
    // A Sandbox whose job is not among the unfinished ones: only GitHub can say whether the job is over.
    const unknown = listed.filter(({ jobId }) => jobId !== 0 && !known.has(jobId));
    const missing = new Map(unknown.map((sandbox) => [sandbox.jobId, sandbox]));
    // One look-up that fails must not keep the rest of the fleet from being mended: its Sandbox is left alone this time.
    const looked = [...missing.values()].map((sandbox) =>
      github.job(sandbox.repository, sandbox.jobId).catch(() => undefined),
    );
    const others = (await Promise.all(looked)).filter((job) => job !== undefined);
    const jobs = await this.#lookout.withOrigin([...unfinished, ...others]);
    return { ...observation, listed, jobs, registrations: registered, ended, spentToday };
  }

  /**
   * A job may have found another runner, and even have ended, while its Sandbox was being created: the news of that found
   * no Sandbox to end.
   */
  async #lookAgain(job: Job): Promise<void> {
    if (!this.#own.hasGotOn(job.id)) return;
    const latest = await this.#options.github.job(job.repository, job.id);
    if (!latest || latest.status === "queued") return;
    await Promise.all((await this.hear(latest)).map((step) => step.outcome));
  }

  #begin(): Pick<Observation, "now" | "startingBefore"> {
    return { now: this.#options.now(), startingBefore: this.#own.starting() };
  }

  #withOwnWork({ startingBefore, listed, ...rest }: Observation): Snapshot {
    const starting = [...new Set([...startingBefore, ...this.#own.starting()])];
    const now = this.#options.now();
    return { ...rest, ...this.#own.apply(listed, now), starting, failed: this.#own.failed(now) };
  }

  /**
   * Mixes in what this process has begun meanwhile, decides, and begins to act, all in one turn: so no two decisions of
   * one process can miss each other.
   * @param confirm whether what is known of a job may be old
   * @param isWanted what of it to do; all by default
   */
  #decideAndAct(
    observation: Observation,
    confirm: (job: Job) => boolean,
    isWanted: (decision: Decision) => boolean = () => true,
  ): Step[] {
    const context: ActContext = { ...this.#options, confirm, onStarting: (entry) => this.#own.start(entry) };
    const decisions = decide(this.#withOwnWork(observation), this.#options.policy).filter(isWanted);
    return decisions.map((decision) => {
      const end = this.#own.begin(decision, this.#options.now());
      const acting =
        decision.action === "assign"
          ? this.#own.inOrder(decision.sandbox.id, () => act(decision, context))
          : act(decision, context);
      const outcome = acting.then(async (result) => {
        if (decision.action === "spawn" && result.sandboxId) await this.#lookAgain(decision.job);
        return result;
      });
      outcome.then(
        (result) => end(result, this.#options.now()),
        () => end(undefined, this.#options.now()),
      );
      return { decision, outcome };
    });
  }
}
