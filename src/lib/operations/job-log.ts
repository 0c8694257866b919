// The log of one job, live or from the past: from its Sandbox while Modal has it, else from GitHub.
import { setTimeout as delay } from "node:timers/promises";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { parseRunnerName, sandboxName, warmSandboxName } from "../fleet/names.ts";
import type { Job } from "../fleet/snapshot.ts";
import { splitRepository } from "../github/jobs.ts";
import type { LogEvent } from "../modal/entrypoint-log.ts";
import { findSandboxByName, followSandboxLog, readSandboxEnd, readSandboxLog } from "../modal/sandbox-log.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { describeUnseen, Looking } from "./unseen.ts";

export interface JobLogOptions {
  fleet: FleetAccess;
  job: Job;
  /** Stay until the job has ended; wait for its runner if it has none yet. */
  follow: boolean;
  signal: AbortSignal;
  now(): number;
  /** Only what came since then, milliseconds since the epoch. */
  since?: number | undefined;
  /** The Sandbox's own output, every line as it is. */
  isRaw?: boolean;
  /** Told once when the job has no runner yet. */
  onWaiting(): void;
  /** Told when what follows is GitHub's log, since Modal could not be asked. */
  onFallback(why: string): void;
}

/** How often a job that waits for a runner is looked at. */
const lookEveryMs = 5_000;

/**
 * The log's events, oldest first.
 * @throws AbortError (pending) when the job has no runner yet and is not followed; AbortError when it never had one
 */
export async function* readJobLog(options: JobLogOptions): AsyncGenerator<LogEvent> {
  const { fleet, signal } = options;
  const job = await pickedUp(options);
  if (!job) return;
  const looking = new Looking();
  const look = () => findSandbox(job, fleet);
  const canFallBack = job.status === "completed" && !options.isRaw;
  const sandboxId = await (canFallBack ? looking.at("the job's Sandbox", look) : look());
  for (const line of describeUnseen(looking.unseen)) options.onFallback(line);
  if (!sandboxId && job.status !== "completed") {
    throw new AbortError(`Job ${job.id} runs on ${job.runnerName}, which has no Sandbox of this fleet.`, {
      code: "foreign-runner",
      why: "GitHub has no log of a job before it has ended.",
      nextSteps: [`Look at ${job.htmlUrl || "the job's page at GitHub"}.`],
    });
  }
  let isEmpty = true;
  let hasEnded = false;
  if (sandboxId) {
    const events =
      job.status !== "completed" && options.follow
        ? followSandboxLog(fleet.modalAccess, sandboxId, options, signal)
        : readSandboxLog(fleet.modalAccess, sandboxId, options);
    for await (const event of events) {
      isEmpty = false;
      hasEnded ||= event.event === "exit";
      yield event;
    }
    if (!hasEnded && !isEmpty && !signal.aborted) {
      const end = await readSandboxEnd(fleet.modalAccess, sandboxId).catch(() => undefined);
      if (end && !options.isRaw) yield end;
    }
  }
  // Modal forgets after a day on its smallest plan; GitHub keeps logs for months, but has none before the job's end.
  if (isEmpty && job.status === "completed") {
    if (options.isRaw) {
      throw new AbortError(`Modal has nothing left of what the Sandbox of job ${job.id} printed.`, {
        code: "no-log",
        nextSteps: [`modal-gha logs ${job.id}`],
      });
    }
    yield* readFromGitHub(job, fleet, options.since);
  }
}

/** The job once a runner has it; undefined when the wait was interrupted. */
async function pickedUp({ fleet, job, follow, signal, onWaiting }: JobLogOptions): Promise<Job | undefined> {
  let current = job;
  let hasTold = false;
  while (current.status !== "in_progress" && current.status !== "completed") {
    if (!follow) {
      throw new AbortError(`Job ${job.id} is ${current.status}: no runner has taken it yet.`, {
        code: "pending",
        exitCode: ExitCode.Pending,
        nextSteps: [`modal-gha explain ${job.id}   # why`, `modal-gha logs -f ${job.id}   # waits for it`],
      });
    }
    if (!hasTold) onWaiting();
    hasTold = true;
    await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return undefined;
    current = (await fleet.github.job(job.repository, job.id)) ?? current;
  }
  if (current.runnerName) return current;
  throw new AbortError(`Job ${job.id} has no log: it ended (${current.conclusion}) before a runner took it.`, {
    code: "no-log",
  });
}

/** The Sandbox that runs or ran the job: by its runner's name among the living, by its own name among the dead. */
async function findSandbox(job: Job, fleet: FleetAccess): Promise<string | undefined> {
  const alive = await fleet.modal.sandboxes();
  const running = alive.find((sandbox) => sandbox.runnerName === job.runnerName);
  if (running) return running.id;
  const runner = parseRunnerName(job.runnerName ?? "");
  if (!runner) return undefined;
  const { pool, jobId, attempt } = runner;
  const name = jobId === 0 ? warmSandboxName(pool, attempt) : sandboxName(jobId, attempt);
  return findSandboxByName(fleet.modalAccess, name, job.runnerName ?? "");
}

async function* readFromGitHub(job: Job, fleet: FleetAccess, since = 0): AsyncGenerator<LogEvent> {
  const parameters = { ...splitRepository(job.repository), job_id: job.id };
  const { data } = await fleet.octokit.rest.actions.downloadJobLogsForWorkflowRun(parameters);
  const text = String(data)
    .replace(/^\uFEFF/, "")
    .replace(/\n$/, "");
  for (const line of text.split("\n")) {
    // GitHub puts a time before each line: 2026-01-01T00:00:00.0000000Z
    const [, at, rest] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (.*)$/s.exec(line) ?? [];
    if (at !== undefined && Date.parse(at) < since) continue;
    yield { event: "output", ...(at === undefined ? {} : { at }), text: rest ?? line };
  }
}
