// Which job each runner has been offered or runs: gives queued jobs to waiting runners, and takes back what was not
// picked up.
import type { JobCancellation, RunnerJobRequest } from "../../runner-protocol.ts";
import type { Ids } from "../ids.ts";
import type { Job, Runner } from "../model.ts";
import type { Urls } from "../urls.ts";
import { match } from "./matching.ts";
import { Sessions } from "./sessions.ts";

export interface AssignmentParts {
  ids: Ids;
  clock: () => Date;
  urls: Urls;
  onSession: (runner: Runner, action: "online" | "offline") => void;
}

export class Assignments {
  readonly sessions: Sessions;
  readonly #parts: AssignmentParts;
  /** Oldest first. */
  readonly #queued = new Set<Job>();
  /** What each busy runner has been given. */
  readonly #work = new Map<number, Job>();
  /** Every job that was ever offered to a runner, by the request id of the offer. */
  readonly #offers = new Map<string, Job>();

  constructor(parts: AssignmentParts) {
    this.#parts = parts;
    this.sessions = new Sessions(parts.ids, parts.clock, {
      onIdle: (runner) => this.#onIdle(runner),
      onOpen: (runner) => parts.onSession(runner, "online"),
      onClose: (runner) => {
        this.withdraw(this.#work.get(runner.id));
        parts.onSession(runner, "offline");
      },
    });
  }

  enqueue(job: Job): void {
    this.#queued.add(job);
  }

  /** Gives what waits to whoever waits. */
  match(): void {
    const idle = this.sessions.idle().filter((runner) => !this.#work.has(runner.id));
    if (idle.length === 0) return;
    const unassigned = [...this.#queued].filter((job) => !job.assignment);
    for (const { job, runner } of match(unassigned, idle)) {
      job.assignment = { runner, at: this.#parts.clock() };
      this.#work.set(runner.id, job);
      this.#offers.set(job.requestId, job);
      this.#sendOffer(job, runner);
    }
  }

  /** Whether a runner has the job of an offer, not acquired yet or running. */
  offered(runner: Runner, requestId: string): boolean {
    const job = this.#offers.get(requestId);
    return job !== undefined && this.#work.get(runner.id) === job;
  }

  /** The job that was offered under a request id: "taken" when another runner has it now, undefined when it is gone. */
  find(runner: Runner, requestId: string): Job | "taken" | undefined {
    const job = this.#offers.get(requestId);
    if (!job || job.status === "completed") return undefined;
    if (this.#work.get(runner.id) === job) return job;
    return job.runner || job.assignment ? "taken" : undefined;
  }

  /** The job's runner has picked it up. */
  acquired(job: Job, runner: Runner): void {
    this.#queued.delete(job);
    job.assignment = undefined;
    job.runner = { id: runner.id, name: runner.name, group: runner.group };
  }

  /** Takes an offer back, if the job is one that is offered and not acquired; others may have it then. */
  withdraw(job: Job | undefined): void {
    if (!job?.assignment) return;
    const { runner } = job.assignment;
    job.assignment = undefined;
    this.#work.delete(runner.id);
    this.sessions.clear(runner);
    this.match();
  }

  /** The job has ended: nobody waits for it and nobody is busy with it. */
  drop(job: Job): void {
    this.#queued.delete(job);
    this.withdraw(job);
    if (job.runner) this.#work.delete(job.runner.id);
  }

  busy(runner: Runner): boolean {
    return this.#work.has(runner.id);
  }

  /** Jobs that are offered or running. */
  active(): Job[] {
    return [...this.#work.values()];
  }

  sendCancellation(job: Job, runner: Runner): void {
    const cancellation: JobCancellation = { jobId: job.backendId, timeout: "00:05:00" };
    this.sessions.send(runner, { messageType: "JobCancellation", body: JSON.stringify(cancellation) });
  }

  #onIdle(runner: Runner): void {
    const job = this.#work.get(runner.id);
    // A runner that asks again without having acquired its job has not got the message.
    if (job?.assignment) this.#sendOffer(job, runner);
    else this.match();
  }

  #sendOffer(job: Job, runner: Runner): void {
    const request: RunnerJobRequest = {
      runner_request_id: job.requestId,
      run_service_url: this.#parts.urls.run(job.run.planId),
      billing_owner_id: String(job.run.repository.owner.id),
      should_acknowledge: true,
    };
    this.sessions.send(runner, { messageType: "RunnerJobRequest", body: JSON.stringify(request) });
  }
}
