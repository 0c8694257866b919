// The log of one job, live or from the past: from its Sandbox while Modal has it, else from GitHub.
import { setTimeout as delay } from "node:timers/promises";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { parseRunnerName } from "../fleet/names.ts";
import type { Job } from "../fleet/snapshot.ts";
import { splitRepository } from "../github/jobs.ts";
import type { LogEvent } from "../modal/entrypoint-log.ts";
import { findTaggedSandbox } from "../modal/job-sandboxes.ts";
import { followSandboxLog, readSandboxEnd, readSandboxLog } from "../modal/sandbox-log.ts";
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
  /** GitHub's own log of a job that has ended, though Modal may have one. */
  isGitHubs?: boolean;
  /** Whether steps must be told apart, which they are in Modal's log alone. */
  needsSteps?: boolean;
  /** That GitHub skipped the job is no fault: then there is no log. */
  maySkip?: boolean;
  /** Told once when the job has no runner yet. */
  onWaiting(): void;
  /** Told when what follows is GitHub's log, since Modal could not be asked. */
  onFallback(why: string): void;
  /** Told when part of what the runner printed is missing before what follows. */
  onGap(): void;
}

/** What there is to say when told of a gap. */
export const gapWords = "Some of what the runner printed is missing here: Modal keeps only the newest of it.";

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
  if (options.isGitHubs) {
    const what = `Job ${job.id} has not ended yet.`;
    if (job.status !== "completed") throw unfinished(job, what, { code: "pending", exitCode: ExitCode.Pending });
    return yield* readFromGitHub(job, options);
  }
  const looking = new Looking();
  const look = () => findSandbox(job, fleet);
  const canFallBack = job.status === "completed" && !options.isRaw;
  const sandboxId = await (canFallBack ? looking.at("the job's Sandbox", look) : look());
  for (const line of describeUnseen(looking.unseen)) options.onFallback(line);
  if (!sandboxId && job.status !== "completed") {
    const what = `Job ${job.id} runs on ${job.runnerName}, which has no Sandbox of this fleet.`;
    throw unfinished(job, what, { code: "foreign-runner" });
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
    yield* readFromGitHub(job, options);
  }
}

/** The job once a runner has it; undefined when the wait was interrupted, or was for a job that was skipped. */
async function pickedUp({ fleet, job, follow, signal, maySkip, onWaiting }: JobLogOptions): Promise<Job | undefined> {
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
  if (maySkip && current.conclusion === "skipped") return undefined;
  throw new AbortError(`Job ${job.id} has no log: it ended (${current.conclusion}) before a runner took it.`, {
    code: "no-log",
  });
}

function unfinished(job: Job, message: string, as: { code: string; exitCode?: ExitCode }): AbortError {
  return new AbortError(message, {
    ...as,
    why: "GitHub has no log of a job before it has ended.",
    nextSteps: [`Look at ${job.htmlUrl || "the job's page at GitHub"}.`],
  });
}

/** The Sandbox that runs or ran the job, known by its runner's name: that of a Sandbox is used again once it has ended. */
async function findSandbox(job: Job, fleet: FleetAccess): Promise<string | undefined> {
  const alive = await fleet.modal.sandboxes();
  const running = alive.find((sandbox) => sandbox.runnerName === job.runnerName);
  if (running) return running.id;
  const runner = job.runnerName ?? "";
  if (!parseRunnerName(runner)) return undefined;
  return (await findTaggedSandbox(fleet.modalAccess, fleet.policy.fleet, { runner }))?.id;
}

async function* readFromGitHub(
  job: Job,
  { fleet, since = 0, needsSteps }: Pick<JobLogOptions, "fleet" | "since" | "needsSteps">,
): AsyncGenerator<LogEvent> {
  if (needsSteps) {
    throw new AbortError(`Only GitHub's log of job ${job.id} is left, which does not tell its steps apart.`, {
      code: "no-steps",
      nextSteps: [`modal-gha logs ${job.id}   # all of them`, ...(job.htmlUrl ? [job.htmlUrl] : [])],
    });
  }
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
