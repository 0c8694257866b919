// What `explain` tells of a job, as data: the dashboard, JSON and the terminal all show this.
import type { ReasonCode } from "../../fleet/reasons.ts";
import type { JobStatus } from "../../fleet/snapshot.ts";
import type { PolicyLine } from "../../policy/quote.ts";
import type { Unseen } from "../unseen.ts";

/** Who says so. `controller`: its answer to GitHub. `runner`: the last line of the Sandbox's entrypoint. */
export type StorySource = "github" | "modal" | "controller" | "runner";

export type StoryKind =
  | "created"
  | "delivery"
  | "answer"
  | "sandbox-created"
  | "sandbox-placed"
  | "taken"
  | "runner-exit"
  | "sandbox-ended"
  | "completed";

export interface StoryEvent {
  /** ISO 8601. */
  at: string;
  kind: StoryKind;
  source: StorySource;
  /** One sentence. */
  text: string;
  /** Something went wrong here. */
  isBad: boolean;
}

export interface ExplainedJob {
  id: number;
  /** Null where only a Sandbox tells of the job, since GitHub could not be asked. */
  run: number | null;
  attempt: number | null;
  /** `owner/name`. */
  repository: string;
  name: string | null;
  labels: string[] | null;
  url: string | null;
  status: JobStatus | null;
  conclusion: string | null;
  /** ISO 8601. */
  createdAt: string | null;
  startedAt: string | null;
  completedAt: string | null;
  /** The runner that took it. */
  runner: string | null;
  /** Null where it was not looked up. */
  isForkPullRequest: boolean | null;
}

export interface ExplainedDecision {
  reason: ReasonCode;
  /** What the code means, whatever the job. */
  meaning: string;
  /** The names and numbers behind it. */
  detail: string;
  /** The lines of the policy file that led to it. */
  policy: PolicyLine[];
}

export interface LimitUse {
  /** `fleet`, `pool cpu`, `acme/app`, `today's budget`. */
  what: string;
  used: number;
  most: number;
  unit: "Sandboxes" | "dollars";
}

export interface ExplainedSandbox {
  id: string;
  runner: string;
  pool: string;
  createdAt: string;
  /** When Modal found a machine for it. */
  placedAt: string | null;
  endedAt: string | null;
  /** The job it was made for; 0 for one that was kept ready; null where its name does not tell. */
  madeFor: number | null;
  /** The job that it is, or was, for at last. */
  job: number;
  /** Why it ended, by its entrypoint's last line or by Modal: `job-completed`, `idle`, `timeout`; null before that, and where nobody knows. */
  end: string | null;
}

export interface JobExplanation {
  job: ExplainedJob;
  /** Whether the fleet serves it, served it, or was asked to. */
  isOurs: boolean;
  /** The answer, in one or two sentences. */
  summary: string;
  /** What happened, the oldest first. */
  events: StoryEvent[];
  /** What the fleet decides about the job now; null where that cannot be told. */
  decision: ExplainedDecision | null;
  /** What it decides now about Sandboxes and registrations that were made for the job. */
  also: ExplainedDecision[];
  /** Of the limits that count for the job, how much is used now; empty once it does not wait any more. */
  limits: LimitUse[];
  sandboxes: ExplainedSandbox[];
  /** What will happen without anybody doing anything. */
  next: string[];
  /** Commands, and things to do, the most useful first. */
  toType: string[];
  /** What could not be read, and so is not told. */
  unseen: Unseen[];
}
