// What the models tell of: the invariants listen.
import type { FleetSandbox, Job } from "../../src/lib/fleet/snapshot.ts";
import type { JobPlan } from "./scenario.ts";

/** A job at GitHub, with all that it ever was. */
export interface ModelJob {
  plan: JobPlan;
  job: Job;
  /** Every state of it and when it began, for reads that come late. */
  history: { at: number; job: Job }[];
  queuedAt: number;
  runner: ModelRunner | undefined;
}

/** A runner registered at GitHub. */
export interface ModelRunner {
  id: number;
  name: string;
  labels: string[];
  /** `owner/name` where it is registered in one repository; null for the organisation's. */
  repository: string | null;
  createdAt: number;
  onlineAt: number | undefined;
  offlineAt: number | undefined;
  removedAt: number | undefined;
  job: ModelJob | undefined;
  busyAt: number | undefined;
  process: RunnerProcess | undefined;
}

/** The program that is connected for a registration. */
export interface RunnerProcess {
  sandbox: ModelSandbox;
  take(job: ModelJob): void;
  cancel(): void;
  registrationGone(): void;
}

/** A Sandbox at Modal. */
export interface ModelSandbox {
  /** As its tags tell. */
  view: FleetSandbox;
  pool: string;
  taggedAt: number;
  endedAt: number | undefined;
  environment: Record<string, string>;
  registrationId: number;
  /** The job that runs inside, whatever the tags say. */
  running: ModelJob | undefined;
  onEnd: (() => void)[];
}

export interface Observer {
  queued(job: ModelJob): void;
  /** @param sandbox where it runs; undefined on a runner that is not of the fleet */
  pickedUp(job: ModelJob, sandbox: ModelSandbox | undefined): void;
  completed(job: ModelJob): void;
  created(sandbox: ModelSandbox): void;
  retagged(sandbox: ModelSandbox, before: FleetSandbox): void;
  ended(sandbox: ModelSandbox): void;
  /** A controller asks Modal to end it, and it is not yet ended. */
  terminated(sandbox: ModelSandbox): void;
  /** A controller's request removes a registration. */
  deregistered(runner: ModelRunner): void;
}
