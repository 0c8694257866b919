// Tells a demo to a person: a line for each thing that happens, each job's own output with its name in front.
import type { Colours } from "../cli/colours.ts";
import { formatDuration } from "../cli/durations.ts";
import type { OutputSide } from "../cli/streams.ts";
import { type Column, renderTable } from "../cli/table.ts";
import type { LogEvent } from "../modal/entrypoint-log.ts";
import { renderLogEvent } from "../operations/render-log.ts";
import { renderControllerEvent } from "./controller-events.ts";
import type { DemoJob, DemoNarrator } from "./demo.ts";

const tints = ["cyan", "magenta", "blue", "yellow", "green"] as const satisfies (keyof Colours)[];

/** How many lines of a failed step are shown once more at the end. */
const lastLines = 20;

export interface FailedStep {
  job: string;
  step: string;
  /** Its last lines of output. */
  output: string[];
}

export interface ConsoleNarrator extends DemoNarrator {
  failedSteps(): FailedStep[];
}

/** @param say prints a line */
export function createNarrator(say: (line: string) => void, colours: Colours): ConsoleNarrator {
  const names = new Map<number, string>();
  const current = new Map<number, { step: string; output: string[] }>();
  const failed: FailedStep[] = [];

  function prefix(job: { id: number; name: string }): string {
    if (!names.has(job.id)) names.set(job.id, job.name);
    const tint = tints[[...names.keys()].indexOf(job.id) % tints.length] ?? "cyan";
    const width = Math.max(...[...names.values()].map((name) => name.length));
    return colours[tint](`${job.name.padEnd(width)} │`);
  }

  function remember(job: { id: number; name: string }, event: LogEvent): void {
    if (event.event === "step") current.set(job.id, { step: event.name, output: [] });
    const step = current.get(job.id);
    if (event.event === "output") {
      const line = renderLogEvent(event, colours);
      if (line !== undefined) step?.output.push(line);
    }
    if (event.event === "step-result" && event.result === "Failed") {
      failed.push({ job: job.name, step: event.name, output: step?.output.slice(-lastLines) ?? [] });
    }
  }

  return {
    started({ github, modal, owner, repository }) {
      say(`${colours.bold(`${owner}/${repository}`)} on an emulated GitHub (${github.url}) and Modal (${modal.url})`);
    },
    controller(event) {
      if (event.event !== "decision" || event["reason"] === "ignore:nothing-to-do") return;
      const line = renderControllerEvent(event, colours);
      if (line !== undefined) say(line);
    },
    job(action, job) {
      if (action === "queued") say(`${prefix(job)} queued, asks for [${job.labels.join(", ")}]`);
      if (action === "in_progress") say(`${prefix(job)} taken by ${job.runner?.name}`);
      if (action === "completed") say(`${prefix(job)} ${job.conclusion}`);
    },
    log(job, event) {
      remember(job, event);
      const line = event.event === "job" ? undefined : renderLogEvent(event, colours);
      if (line !== undefined) say(`${prefix(job)} ${line}`);
    },
    failedSteps: () => failed,
  };
}

const columns: Column<DemoJob>[] = [
  { header: "JOB", value: (job) => job.name, shrinks: true },
  {
    header: "CONCLUSION",
    value: (job) => job.conclusion ?? "unfinished",
    colour: (job, colours) => (job.conclusion === "success" ? colours.green : colours.red),
  },
  { header: "POOL", value: (job) => job.pool ?? "" },
  { header: "RUNNER", value: (job) => job.runnerName ?? "", shrinks: true },
  { header: "QUEUED", value: (job) => durationOf(job.queuedToRunningMs), align: "right" },
  { header: "RAN", value: (job) => durationOf(job.durationMs), align: "right" },
];

function durationOf(ms: number | null): string {
  return ms === null ? "" : formatDuration(ms);
}

/** The table at the end of a demo. */
export function renderDemoJobs(jobs: readonly DemoJob[], output: OutputSide): string {
  return renderTable(jobs, columns, output);
}
