// Prints the logs of one or several jobs: one after the other, or, while they are followed, line by line as they come.
import { AbortError } from "../cli/errors.ts";
import type { IOStreams } from "../cli/streams.ts";
import { displayWidth, plainText, truncate } from "../cli/text.ts";
import type { Job } from "../fleet/snapshot.ts";
import type { LogEvent } from "../modal/entrypoint-log.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { readJobLog } from "./job-log.ts";
import { createLogView, StepFilter } from "./log-view.ts";

export interface ShowLogsOptions {
  fleet: FleetAccess;
  jobs: readonly Job[];
  follow: boolean;
  signal: AbortSignal;
  now(): number;
  since: number | undefined;
  io: IOStreams;
  steps: readonly string[] | undefined;
  timestamps: boolean;
  isRaw: boolean;
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
  const { jobs, follow } = options;
  const prefixes = jobs.length > 1 ? namePrefixes(jobs, options) : [""];
  const errors: unknown[] = [];
  const one = (job: Job, index: number) =>
    showLog(job, prefixes[index] ?? "", options).catch((error: unknown) => {
      errors.push(error);
      if (jobs.length > 1) options.io.note(`${prefixes[index]}${(error as Error).message}`);
    });
  if (follow) await Promise.all(jobs.map(one));
  else for (const [index, job] of jobs.entries()) await one(job, index);
  if (errors.length > 0) throw errors[0];
}

async function showLog(job: Job, prefix: string, options: ShowLogsOptions): Promise<void> {
  const { io, steps, timestamps, isRaw, isJson } = options;
  const filter = steps && new StepFilter(steps);
  const view = createLogView({ colours: io.stdout.colours, prefix, timestamps });
  const onWaiting = () => io.note(`Job ${job.id} (${plainText(job.name)}) waits for a runner ...`);
  const onFallback = (why: string) => io.note(`${why} This is the log of job ${job.id} that GitHub has.`);
  for await (const event of readJobLog({ ...options, job, onWaiting, onFallback })) {
    if (filter && !filter.passes(event)) continue;
    const line = isJson ? JSON.stringify({ job: job.id, ...event }) : isRaw ? rawLine(event) : view(event);
    if (line !== undefined) io.out(line);
  }
  if (!filter || filter.hasMatched || options.signal.aborted) return;
  throw new AbortError(`Job ${job.id} has no step ${steps?.join(" or ")}.`, {
    code: "no-such-step",
    nextSteps: filter.seen.length > 0 ? filter.seen.map((name, index) => `${index + 1}  ${plainText(name)}`) : [],
  });
}

/** Nothing is taken out of it: whoever asks for it raw gets it so. */
function rawLine(event: LogEvent): string | undefined {
  return event.event === "output" ? event.text : undefined;
}

function namePrefixes(jobs: readonly Job[], { io }: ShowLogsOptions): string[] {
  const names = jobs.map(({ name }) => truncate(plainText(name), longestPrefix));
  const width = Math.max(...names.map(displayWidth));
  return names.map((name, index) => {
    const colour = io.stdout.colours[prefixColours[index % prefixColours.length] ?? "cyan"];
    return `${colour(name.padEnd(width))} │ `;
  });
}
