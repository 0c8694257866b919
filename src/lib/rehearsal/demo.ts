// Runs a repository's workflows once through the whole fleet on this machine, and says what became of each job.
import { setTimeout as delay } from "node:timers/promises";
import { AbortError } from "../cli/errors.ts";
import type { GitHubEvent } from "../emulator/github/events.ts";
import type { JobView } from "../emulator/github/views.ts";
import { connectModal } from "../modal/client.ts";
import type { LogEvent } from "../modal/entrypoint-log.ts";
import { followSandboxLog } from "../modal/sandbox-log.ts";
import type { ControllerEvent } from "./controller-process.ts";
import { type Leftovers, type Rehearsal, startRehearsal } from "./rehearsal.ts";
import type { RepositoryDirectory } from "./repository-directory.ts";
import { triggerWorkflows } from "./trigger.ts";
import { watchUnserved } from "./unserved.ts";

export interface DemoOptions {
  repository: RepositoryDirectory;
  policyFile?: string | undefined;
  /** Inputs of workflow_dispatch, where the workflows have that trigger. */
  inputs: Record<string, unknown>;
  signal: AbortSignal;
  /** Clean-up for when the demo is interrupted. */
  onEnd(cleanUp: () => Promise<void>): void;
  narrator: DemoNarrator;
}

/** Hears what happens, as it happens. */
export interface DemoNarrator {
  started(rehearsal: Pick<Rehearsal, "github" | "modal" | "owner" | "repository">): void;
  controller(event: ControllerEvent): void;
  job(action: "queued" | "in_progress" | "completed", job: JobView): void;
  log(job: JobView, event: LogEvent): void;
}

export interface DemoJob {
  id: number;
  name: string;
  conclusion: string | null;
  labels: string[];
  pool: string | null;
  sandboxId: string | null;
  runnerName: string | null;
  /** From queued to picked up by a runner; null for a job that never was. */
  queuedToRunningMs: number | null;
  durationMs: number | null;
}

export interface DemoSummary extends Leftovers {
  jobs: DemoJob[];
}

/** A demo in which no job runs and nothing happens for so long will not go on. */
const stuckAfterMs = 3 * 60_000;
/** How long the last Sandboxes may take to end by themselves once the jobs are done. */
const emptyWithinMs = 30_000;

/** @throws Error when a part does not start or the controller dies; the signal's reason when interrupted */
export async function runDemo(options: DemoOptions): Promise<DemoSummary> {
  const { narrator, signal } = options;
  const fault = Promise.withResolvers<never>();
  // Until it is waited for below, nobody listens.
  fault.promise.catch(() => undefined);
  let cancelUnserved: ((event: ControllerEvent) => void) | undefined;
  const rehearsal = await startRehearsal({
    repositoryDirectory: options.repository.directory,
    repository: options.repository.name,
    policyFile: options.policyFile,
    onControllerEvent: (event) => {
      narrator.controller(event);
      cancelUnserved?.(event);
    },
    onFault: (message) => fault.reject(new Error(message)),
  });
  options.onEnd(async () => void (await rehearsal.close()));
  cancelUnserved = watchUnserved(rehearsal);
  const { policy, modal, github } = rehearsal;
  const access = await connectModal({ fleet: policy.fleet, tokenId: modal.tokenId, tokenSecret: modal.tokenSecret });
  options.onEnd(async () => access.close());
  narrator.started(rehearsal);

  const places = new Map<number, { sandboxId: string; pool: string }>();
  const logs: Promise<void>[] = [];
  async function follow(job: JobView, sandboxId: string): Promise<void> {
    for await (const event of followSandboxLog(access, sandboxId, { now: Date.now }, signal)) narrator.log(job, event);
  }
  function hear(event: GitHubEvent): void {
    if (event.type !== "job" || event.action === "updated") return;
    const { job, action } = event;
    narrator.job(action, job);
    if (action !== "in_progress") return;
    const sandbox = modal.running().find(({ tags }) => tags["runner"] === job.runner?.name);
    if (!sandbox) return;
    places.set(job.id, { sandboxId: sandbox.sandboxId, pool: sandbox.tags["pool"] ?? "" });
    // A log that breaks off is no reason to end the demo: the job's result comes from GitHub.
    logs.push(follow(job, sandbox.sandboxId).catch(() => undefined));
  }
  github.on(hear);

  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
  const run = async () => {
    await triggerWorkflows(github, options.repository, options.inputs);
    await github.settled();
    await Promise.all(logs);
    const deadline = Date.now() + emptyWithinMs;
    const isEmpty = () => modal.running().length === 0 && github.state().runners.length === 0;
    while (!isEmpty() && Date.now() < deadline) await delay(50);
  };
  let lastChange = Date.now();
  github.on(() => {
    lastChange = Date.now();
  });
  const watch = setInterval(() => {
    const open = github.state().jobs.filter((job) => job.status !== "completed");
    if (Date.now() - lastChange < stuckAfterMs || open.some((job) => job.status === "in_progress")) return;
    const names = open.map((job) => job.name).join(", ");
    fault.reject(new AbortError(`Nothing has happened for ${stuckAfterMs / 60_000} minutes; waiting: ${names}.`));
  }, 1_000);
  try {
    await Promise.race([run(), fault.promise, aborted]);
  } finally {
    clearInterval(watch);
  }
  const jobs = github.state().jobs.map((job) => summarise(job, places.get(job.id)));
  access.close();
  return { jobs, ...(await rehearsal.close()) };
}

function summarise(job: JobView, place: { sandboxId: string; pool: string } | undefined): DemoJob {
  const hasRun = job.runner !== null;
  return {
    id: job.id,
    name: job.name,
    conclusion: job.conclusion,
    labels: job.labels,
    pool: place?.pool ?? null,
    sandboxId: place?.sandboxId ?? null,
    runnerName: job.runner?.name ?? null,
    queuedToRunningMs: hasRun ? job.startedAt.getTime() - job.createdAt.getTime() : null,
    durationMs: hasRun && job.completedAt ? job.completedAt.getTime() - job.startedAt.getTime() : null,
  };
}

/** What is not as it should be; empty after a good demo. */
export function faultsOf(summary: DemoSummary): string[] {
  const faults: string[] = [];
  for (const { name, conclusion } of summary.jobs) {
    if (conclusion !== "success" && conclusion !== "skipped") faults.push(`job ${name}: ${conclusion ?? "unfinished"}`);
  }
  const runners = summary.jobs.map((job) => job.runnerName).filter((name) => name !== null);
  if (new Set(runners).size < runners.length) faults.push("two jobs ran on one runner");
  if (summary.jobs.length === 0) faults.push("no job ran");
  if (summary.sandboxesLeft > 0) faults.push(`${summary.sandboxesLeft} Sandboxes are left`);
  if (summary.registrationsLeft > 0) faults.push(`${summary.registrationsLeft} runner registrations are left`);
  if (summary.processesLeft > 0) faults.push(`${summary.processesLeft} processes are left`);
  return faults;
}
