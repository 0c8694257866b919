// The runner's life: opens a session, waits for its one job, runs it, and is gone. Messages and return codes are those of
// src/Runner.Listener/{Runner,JobDispatcher,ErrorThrottler}.cs.
import { setTimeout as delay } from "node:timers/promises";
import type { JobCancellation, RunnerJobRequest } from "../runner-protocol.ts";
import { brokerErrorKind } from "./broker.ts";
import { removeConfiguration } from "./configuration.ts";
import { Job } from "./job.ts";
import type { Masker } from "./masker.ts";
import { type ReturnCode, returnCode } from "./return-code.ts";
import { acquireJob, JobLease, JobUnavailableError } from "./run-service.ts";
import { Session, type SessionOptions, SessionRefusedError } from "./session.ts";
import { universalTime } from "./terminal.ts";
import { runnerVersion } from "./version.ts";

export interface ListenerOptions extends SessionOptions {
  root: string;
  masker: Masker;
  environment: NodeJS.ProcessEnv;
}

/** A .NET TimeSpan, "00:05:00", in milliseconds; five minutes when it is none. */
function milliseconds(timeSpan: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = timeSpan.split(":").map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 || 300_000;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #session: Session;
  #job: Job | undefined;
  /** Resolves when the one job of this runner has ended. */
  readonly #ended = Promise.withResolvers<"ended">();
  /** Attempts in a row to take a job that was not to be had. */
  #unavailable = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#session = new Session(options);
  }

  async run(): Promise<ReturnCode> {
    const { root, terminal, shutdown, environment } = this.#options;
    let usedUp = false;
    let known = true;
    try {
      await this.#session.open();
      terminal.line(`Current runner version: '${runnerVersion()}'`);
      terminal.line(`${universalTime()}: Listening for Jobs`);
      await this.#listen();
      usedUp = true;
      return returnCode.success;
    } catch (error) {
      if (error instanceof SessionRefusedError) return error.code;
      if (shutdown.aborted) return returnCode.success;
      const kind = brokerErrorKind(error);
      if (kind === "RunnerNotFound" && this.#job?.reported) {
        await this.#ended.promise;
        usedUp = true;
        return returnCode.success;
      }
      if (kind === "RunnerNotFound") {
        terminal.error("The runner no longer exists on the server. Cleaning up local configuration.");
        usedUp = true;
        known = false;
        return returnCode.success;
      }
      terminal.error(`An error occurred: ${error instanceof Error ? error.message : error}`);
      if (kind !== "RunnerVersionTooOld") return returnCode.retryable;
      const tell = environment["ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE"] === "1";
      return tell ? returnCode.versionDeprecated : returnCode.terminated;
    } finally {
      if (this.#job) {
        this.#job.cancel(shutdown.aborted ? "shutdown" : "cancel");
        await this.#ended.promise;
      }
      if (known) await this.#session.broker.deleteSession().catch(() => {});
      if (usedUp) removeConfiguration(root, terminal);
    }
  }

  /** Returns when the runner is used up: its job is done, or is gone for good. */
  async #listen(): Promise<void> {
    for (;;) {
      const message = await this.#session.next(this.#ended.promise);
      if (message === "ended") return;
      if (message?.messageType === "JobCancellation") this.#cancel(JSON.parse(message.body) as JobCancellation);
      if (message?.messageType !== "RunnerJobRequest" || this.#job) continue;
      const request = JSON.parse(message.body) as RunnerJobRequest;
      if (!(await this.#acknowledge(request))) return;
      await this.#take(request);
    }
  }

  /** @returns false when the job is gone, and with it the use of this runner. */
  async #acknowledge(request: RunnerJobRequest): Promise<boolean> {
    if (!request.should_acknowledge) return true;
    try {
      await this.#session.broker.acknowledge(request.runner_request_id);
    } catch (error) {
      const kind = brokerErrorKind(error);
      if (kind === "AcknowledgeJobNotFound") return false;
      if (kind === "RunnerNotFound") throw error;
      this.#trace("ERR ", `Best-effort acknowledge failed for request '${request.runner_request_id}'`);
    }
    return true;
  }

  async #take(request: RunnerJobRequest): Promise<void> {
    try {
      const message = await acquireJob(request, this.#session.tokens);
      this.#unavailable = 0;
      const lease = new JobLease(message);
      this.#job = new Job({ ...this.#options, message, lease });
      void this.#runJob(this.#job, lease, message.jobDisplayName).finally(() => this.#ended.resolve("ended"));
    } catch (error) {
      if (!(error instanceof JobUnavailableError)) {
        this.#trace("ERR ", `Caught exception from acquiring job message: ${error}`);
        return;
      }
      this.#trace("INFO", `Skipping message Job. ${error.message}`);
      // The broker may offer the same job until it has heard that it is gone.
      const seconds = this.#unavailable++ === 0 ? 0 : Math.min(60, 2 ** (this.#unavailable - 1));
      await delay(seconds * 1000, undefined, { signal: this.#options.shutdown });
    }
  }

  async #runJob(job: Job, lease: JobLease, name: string): Promise<void> {
    const { terminal } = this.#options;
    terminal.line(`${universalTime()}: Running job: ${name}`);
    this.#session.becomeBusy();
    const renewed = Promise.withResolvers<void>();
    let lost = false;
    const kept = lease.keep(renewed.resolve).then((end) => {
      lost = end === "lost";
      if (lost) job.cancel("cancel");
      renewed.resolve();
    });
    await renewed.promise;
    let result: string;
    try {
      result = await job.run();
    } catch (error) {
      this.#trace("ERR ", `The job's result was not taken: ${error}`);
      result = "failed";
    }
    // The listener judges a job that it cancelled by that, whatever the worker made of it.
    if (job.cancelled) result = lost ? "abandoned" : "canceled";
    terminal.line(
      `${universalTime()}: Job ${name} completed with result: ${result[0]!.toUpperCase()}${result.slice(1)}`,
    );
    lease.stop();
    await kept;
  }

  #cancel({ jobId, timeout }: JobCancellation): void {
    const job = this.#job;
    if (!job || jobId.toLowerCase() !== job.id.toLowerCase()) return;
    job.cancel("cancel");
    const patience = setTimeout(() => job.cancel("force"), milliseconds(timeout));
    void this.#ended.promise.then(() => clearTimeout(patience));
  }

  #trace(level: "INFO" | "ERR ", text: string): void {
    this.#options.terminal.trace("RUNNER", level, "Runner", text);
  }
}
