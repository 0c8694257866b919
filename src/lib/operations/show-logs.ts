// Prints the logs of one or several jobs: one after the other, or, while they are followed, line by line as they come.
import { AbortError } from "../cli/errors.ts";
import type { IOStreams } from "../cli/streams.ts";
import { displayWidth, plainText, truncate } from "../cli/text.ts";
import type { Job } from "../fleet/snapshot.ts";
import type { LogEvent } from "../modal/entrypoint-log.ts";
import type { FoundRun } from "./find-jobs.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { gapWords, readJobLog } from "./job-log.ts";
import { createLogView, StepFilter } from "./log-view.ts";
import { watchRun } from "./watch-run.ts";

export interface ShowLogsOptions {
  fleet: FleetAccess;
  jobs: readonly Job[];
  /** Of these, while they are followed, later jobs are shown as well. */
  runs: readonly FoundRun[];
  follow: boolean;
  signal: AbortSignal;
  now(): number;
  since: number | undefined;
  io: IOStreams;
  steps: readonly string[] | undefined;
  timestamps: boolean;
  isRaw: boolean;
  /** GitHub's own logs, of jobs that have ended. */
  isGitHubs: boolean;
  /** A line of JSON for each event. */
  isJson: boolean;
}

const longestPrefix = 24;
const prefixColours = ["cyan", "magenta", "blue", "yellow", "green"] as const;

/**
 * Of several jobs, one without a log is told of on stderr and the others are shown; the first such error is thrown at the end.
 * @throws AbortError as readJobLog does, and when no step is the one asked for
 */
export async function showLogs(options: ShowLogsOptions): Promise<void> {
  const { jobs, runs, follow, fleet, signal } = options;
  const areSeveral = jobs.length > 1 || (follow && runs.length > 0);
  const prefixOf = areSeveral ? namePrefixes(jobs, options) : () => "";
  const errors: unknown[] = [];
  const shown = new Map<number, Promise<void>>();
  const show = (job: Job) => {
    const prefix = shown.has(job.id) ? "" : prefixOf(job);
    const showing =
      shown.get(job.id) ??
      showLog(job, prefix, options).catch((error: unknown) => {
        errors.push(error);
        if (areSeveral) options.io.note(`${prefix}${(error as Error).message}`);
      });
    shown.set(job.id, showing);
    return showing;
  };
  if (follow) await Promise.all([...jobs.map(show), ...runs.map((run) => watchRun(run, fleet, signal, show))]);
  else for (const job of jobs) await show(job);
  await Promise.all(shown.values());
  if (errors.length > 0) throw errors[0];
}

async function showLog(job: Job, prefix: string, options: ShowLogsOptions): Promise<void> {
  const { io, runs, steps, timestamps, isRaw, isJson } = options;
  const filter = steps && new StepFilter(steps);
  const view = createLogView({ colours: io.stdout.colours, prefix, timestamps });
  const onWaiting = () => io.note(`Job ${job.id} (${plainText(job.name)}) waits for a runner ...`);
  const onFallback = (why: string) => io.note(`${why} This is the log of job ${job.id} that GitHub has.`);
  const onGap = () => io.note(`${prefix}${gapWords}`);
  const maySkip = runs.some(({ runId }) => runId === job.runId);
  const needsSteps = steps !== undefined;
  for await (const event of readJobLog({ ...options, job, maySkip, needsSteps, onWaiting, onFallback, onGap })) {
    if (filter && !filter.passes(event)) continue;
    const line = isJson ? JSON.stringify({ job: job.id, ...event }) : isRaw ? rawLine(event) : view(event);
    if (line !== undefined) io.out(line);
  }
  const isAnswered = !filter || filter.hasMatched || (maySkip && filter.seen.length === 0);
  if (isAnswered || options.signal.aborted) return;
  throw new AbortError(`Job ${job.id} has no step ${steps?.join(" or ")}.`, {
    code: "no-such-step",
    nextSteps: filter.seen.length > 0 ? filter.seen.map((name, index) => `${index + 1}  ${plainText(name)}`) : [],
  });
}

/** Nothing is taken out of it: whoever asks for it raw gets it so. */
function rawLine(event: LogEvent): string | undefined {
  return event.event === "output" ? event.text : undefined;
}

/** A function that gives each job that is shown its prefix, in a colour of its own. */
function namePrefixes(jobs: readonly Job[], { io }: ShowLogsOptions): (job: Job) => string {
  const nameOf = ({ name }: Job) => truncate(plainText(name), longestPrefix);
  const width = Math.max(...jobs.map((job) => displayWidth(nameOf(job))));
  let index = 0;
  return (job) => {
    const colour = io.stdout.colours[prefixColours[index++ % prefixColours.length] ?? "cyan"];
    return `${colour(nameOf(job).padEnd(width))} │ `;
  };
}
