// What is known of a workflow file before any run of it: everything that may hold an expression is still a token.
import type { ActionStep, TemplateToken } from "../runner-protocol.ts";

export interface Workflow {
  /** `name:`, or the path where there is none, as at GitHub. */
  name: string;
  /** Relative to the repository, such as `.github/workflows/ci.yml`. */
  path: string;
  /** `on:`, by the name of the event. */
  events: Record<string, EventFilters>;
  /** A mapping. */
  env?: TemplateToken;
  /** A mapping. */
  defaults?: TemplateToken;
  runName?: TemplateToken;
  /** In the order of the file; `needs` of every job name jobs of the same file, without cycles. */
  jobs: WorkflowJob[];
}

/** Filters of one event; those that the file does not give are absent. */
export interface EventFilters {
  branches?: string[];
  "branches-ignore"?: string[];
  tags?: string[];
  "tags-ignore"?: string[];
  paths?: string[];
  "paths-ignore"?: string[];
  types?: string[];
  workflows?: string[];
  /** Of `schedule`. */
  cron?: string[];
  /** Of `workflow_dispatch`, by name. */
  inputs?: Record<string, InputDefinition>;
}

export interface InputDefinition {
  type: "string" | "boolean" | "number" | "choice" | "environment";
  description?: string;
  required?: boolean;
  default?: string | boolean | number;
  /** Of a choice. */
  options?: string[];
}

export interface WorkflowJob {
  /** The job's key in the file. */
  key: string;
  needs: string[];
  /** An expression; `success()` when the file has no `if:`, and `success() && (…)` when it names no status function. */
  condition: string;
  /** Absent: the job is named after its key. */
  name?: TemplateToken;
  /** Absent only where `unsupported` says that the job calls a workflow. */
  runsOn?: TemplateToken;
  /** A mapping or an expression. */
  strategy?: TemplateToken;
  /** A mapping. */
  env?: TemplateToken;
  /** A mapping. */
  defaults?: TemplateToken;
  /** A mapping. */
  outputs?: TemplateToken;
  timeoutMinutes?: TemplateToken;
  continueOnError?: TemplateToken;
  steps: WorkflowStep[];
  /** Keys of the job that the emulator cannot act on; the job must be failed with a message that names them. */
  unsupported: ("container" | "services" | "uses")[];
}

/** A step as the job message carries it, but for the id that each job gives it. */
export type WorkflowStep = Omit<ActionStep, "id">;
