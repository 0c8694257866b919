// What `decide` can say. Each decision stands alone: it may be carried out twice, late, or not at all, without harm.
import type { ReasonCode } from "./reasons.ts";
import type { FleetSandbox, Job, Registration } from "./snapshot.ts";

interface Because {
  reason: ReasonCode;
  /** One sentence for people, with the names and numbers behind the reason. */
  detail: string;
}

/** Mint a runner and start a Sandbox for the job. */
export interface Spawn extends Because {
  action: "spawn";
  job: Job;
  pool: string;
  attempt: number;
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

export type Decision = Spawn | Assign | Finish | Terminate | Deregister | Nothing;
