// What is known of the fleet at one moment: GitHub's jobs and runner registrations, Modal's Sandboxes. The only state there is.
import type { Size } from "./size.ts";

export type JobStatus = "queued" | "waiting" | "pending" | "requested" | "in_progress" | "completed";

/** One job of one run, as GitHub tells it. */
export interface Job {
  id: number;
  runId: number;
  runAttempt: number;
  /** `owner/name`. */
  repository: string;
  name: string;
  labels: string[];
  status: JobStatus;
  /** `success`, `failure`, `cancelled`, `skipped`, ...; null before the end. */
  conclusion: string | null;
  /** The runner that took the job; null until one did, and for ever when the job ended before that. */
  runnerName: string | null;
  /** Milliseconds since the epoch, as all times here. */
  createdAt: number;
  /** When a runner took it; absent until one did, and where that is not known. */
  startedAt?: number | undefined;
  /** Absent before its end, and where that is not known. */
  completedAt?: number | undefined;
  htmlUrl: string;
  /** Whether it runs the code of a pull request from a fork; undefined while that was not looked up. */
  isForkPullRequest?: boolean;
}

/** One self-hosted runner as GitHub has it registered. */
export interface Registration {
  id: number;
  name: string;
  online: boolean;
  /** True means busy; false proves nothing (github.com/actions/runner/issues/4422). */
  busy: boolean;
  /** `owner/name` where the runner is registered in one repository; null for the organisation's. */
  repository: string | null;
}

/** Names of the runners that GitHub calls busy. */
export function runnersAtWork(registrations: readonly Registration[] = []): Set<string> {
  return new Set(registrations.filter(({ busy }) => busy).map(({ name }) => name));
}

/** One living Sandbox of the fleet, read from its name and tags. */
export interface FleetSandbox {
  id: string;
  /** `<job>-<attempt>` of the job that it was made for: see names.ts. Never changes. */
  name: string;
  createdAt: number;
  pool: string;
  repository: string;
  /**
   * The job that it is for now; another than in the name once GitHub gave its runner another job. 0 for a runner that is
   * kept ready, of no job yet; if `busy`, for one that has a job of which the fleet is told nothing.
   */
  jobId: number;
  runId: number;
  /** True once GitHub said that its runner has taken the job `jobId`. */
  busy: boolean;
  runnerName: string;
  registrationId: number;
  /** The job's label for resources of its own, which the runner registered with; empty when it has the pool's. */
  resourceLabel: string;
  /** Made for a stranger's code: without volumes and secrets. */
  isIsolated: boolean;
  /** What it was started with; undefined where its tags do not say it. */
  size?: Size;
  /** Ended by us right after it was started, since another controller had taken its place: not a start that failed. */
  isWithdrawn?: boolean;
}

/** A Sandbox that is being created. */
export interface StartingSandbox {
  /** 0 for a runner that is kept ready, of no job yet. */
  jobId: number;
  attempt: number;
  pool: string;
  repository: string;
}

/** A Sandbox of the past: what it was for, and how long it lasted. */
export interface EndedSandbox extends FleetSandbox {
  endedAt: number;
}

export interface FailedStart {
  /** 0 for a runner that was to be kept ready. */
  jobId: number;
  pool: string;
  /** In a row. */
  count: number;
  /** The last one. */
  at: number;
}

export interface Snapshot {
  /** When the first part of it was read. */
  now: number;
  /** The jobs to decide about: one after a webhook, every unfinished one on the schedule. */
  jobs: Job[];
  /** Every living Sandbox of the fleet. */
  sandboxes: FleetSandbox[];
  /** Ids of Sandboxes that this controller is ending at this moment: they count for the limits, and serve nobody. */
  ending: string[];
  /** Sandboxes that this controller is creating at this moment: they count for the limits, and for their jobs. */
  starting: StartingSandbox[];
  /** Starts that failed before there was a Sandbox, as far as this controller knows. */
  failed: FailedStart[];
  /** Every registration of the fleet; undefined when only one job was looked at, and then none is cleaned up. */
  registrations?: Registration[];
  /** Sandboxes that ended lately; undefined when they were not looked at. */
  ended?: EndedSandbox[];
  /** Dollars, estimated, since midnight UTC; undefined where the policy sets no budget. */
  spentToday?: number;
}
