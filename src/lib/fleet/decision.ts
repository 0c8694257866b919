// What `decide` can say. Each decision stands alone: it may be carried out twice, late, or not at all, without harm.
import type { Resources } from "../policy/match.ts";
import type { ReasonCode } from "./reasons.ts";
import type { FleetSandbox, Job, Registration } from "./snapshot.ts";

/** Starting a Sandbox leaves so much room below the tightest limit. */
interface Starting {
  room: number;
}

interface Because {
  reason: ReasonCode;
  /** One sentence for people, with the names and numbers behind the reason. */
  detail: string;
}

/** Mint a runner and start a Sandbox for the job. */
export interface Spawn extends Because, Starting {
  action: "spawn";
  job: Job;
  pool: string;
  attempt: number;
  resources: Resources;
  /** What the runner registers with. */
  labels: string[];
  /** The one among them that is the job's own; empty when there is none. */
  resourceLabel: string;
  /** The job runs a stranger's code: no volumes, no secrets, the egress allow-list alone. */
  isIsolated: boolean;
}

/** Mint a runner and start a Sandbox that waits for whichever job comes. */
export interface Warm extends Because, Starting {
  action: "warm";
  pool: string;
  /** Number among the pool's runners that are kept ready, from 1. */
  slot: number;
}

/** Write down in the Sandbox's tags which job it is for. */
export interface Assign extends Because {
  action: "assign";
  sandbox: FleetSandbox;
  job: Pick<Job, "id" | "runId" | "repository">;
  busy: boolean;
}

/** The job is over: let the Sandbox end by itself, then see that nothing of it is left. */
export interface Finish extends Because {
  action: "finish";
  reason: "finish:job-completed" | "terminate:orphan";
  sandbox: FleetSandbox;
}

/** End an idle Sandbox: deregister its runner first, and keep both if GitHub says that it is busy. */
export interface Terminate extends Because {
  action: "terminate";
  sandbox: FleetSandbox;
}

/** Remove a registration that no Sandbox stands behind. */
export interface Deregister extends Because {
  action: "deregister";
  registration: Registration;
}

/** Nothing to do for this job, now or ever. */
export interface Nothing extends Because {
  action: "none";
  job: Job;
}

export type Decision = Spawn | Warm | Assign | Finish | Terminate | Deregister | Nothing;
