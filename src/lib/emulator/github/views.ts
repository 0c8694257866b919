// Plain snapshots of jobs, runs and runners, for the host of the emulator and its event listeners.
import type { Job, Run, Runner } from "./model.ts";

export interface JobView {
  id: number;
  runId: number;
  attempt: number;
  /** `owner/name`. */
  repository: string;
  workflow: string;
  key: string;
  name: string;
  labels: string[];
  status: Job["status"];
  conclusion: Job["conclusion"];
  runner: { id: number; name: string } | null;
  steps: { number: number; name: string; status: string; conclusion: string | null }[];
  outputs: Record<string, string>;
  annotations: { level: string; message: string }[];
  createdAt: Date;
  startedAt: Date;
  completedAt: Date | null;
}

export interface RunView {
  id: number;
  number: number;
  attempt: number;
  repository: string;
  workflow: string;
  event: string;
  status: Run["status"];
  conclusion: Run["conclusion"];
  jobs: JobView[];
}

export interface RunnerView {
  id: number;
  name: string;
  labels: string[];
  status: "online" | "offline";
  busy: boolean;
  /** Undefined for a runner of the organization. */
  repository: string | undefined;
}

export function jobView(job: Job): JobView {
  const { run } = job;
  return {
    id: job.id,
    runId: run.id,
    attempt: job.attempt,
    repository: `${run.repository.owner.login}/${run.repository.name}`,
    workflow: run.workflow.name,
    key: job.key,
    name: job.name,
    labels: [...job.labels],
    status: job.status,
    conclusion: job.conclusion,
    runner: job.runner && { id: job.runner.id, name: job.runner.name },
    steps: job.steps.map(({ number, name, status, conclusion }) => ({ number, name, status, conclusion })),
    outputs: { ...job.outputs },
    annotations: [...job.annotations],
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    completedAt: job.completedAt,
  };
}

/** A run with the jobs of its latest attempt. */
export function runView(run: Run): RunView {
  return {
    id: run.id,
    number: run.number,
    attempt: run.attempt,
    repository: `${run.repository.owner.login}/${run.repository.name}`,
    workflow: run.workflow.name,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    jobs: run.jobs.filter((job) => job.attempt === run.attempt).map(jobView),
  };
}

export function runnerView(runner: Runner, state: { online: boolean; busy: boolean }): RunnerView {
  return {
    id: runner.id,
    name: runner.name,
    labels: runner.labels.map((label) => label.name),
    status: state.online ? "online" : "offline",
    busy: state.busy,
    repository: runner.repository && `${runner.repository.owner.login}/${runner.repository.name}`,
  };
}
