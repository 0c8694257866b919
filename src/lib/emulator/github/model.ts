// What the emulated GitHub remembers. Serialisers in responses/ turn these into what the API answers.
import type { KeyObject } from "node:crypto";
import type { components } from "@octokit/openapi-types";
import type { ContextData } from "../runner-protocol.ts";
import type { PlannedJob } from "../workflow/plan.ts";
import type { Workflow } from "../workflow/workflow-types.ts";

type Schemas = components["schemas"];

export type Permissions = Schemas["app-permissions"];

export interface Account {
  id: number;
  login: string;
  type: "Organization" | "User" | "Bot";
}

export interface Repository {
  id: number;
  name: string;
  owner: Account;
  /** The working tree whose `.github/workflows` are this repository's workflows. */
  directory: string;
  defaultBranch: string;
  private: boolean;
  createdAt: Date;
}

/** Where a workflow file got its id; its text is read from the working tree each time. */
export interface WorkflowFile {
  id: number;
  repository: Repository;
  /** Relative to the repository's root: `.github/workflows/ci.yml`. */
  path: string;
  createdAt: Date;
  runs: number;
}

export type EventName = "push" | "workflow_dispatch" | "pull_request";
export type Conclusion = "success" | "failure" | "cancelled" | "skipped";

/** A job of the workflow file: one job of the run, or all those of its matrix. */
export interface JobGroup {
  key: string;
  jobs: Job[];
  /** Matrix jobs that `max-parallel` still holds back. */
  waiting: PlannedJob[];
  failFast: boolean;
  maxParallel: number;
}

export interface Run {
  id: number;
  number: number;
  attempt: number;
  repository: Repository;
  /** Differs from `repository` for a pull request from a fork. */
  headRepository: Repository;
  file: WorkflowFile;
  workflow: Workflow;
  event: EventName;
  /** `refs/heads/main`, or `refs/pull/1/merge`. */
  ref: string;
  headBranch: string;
  headSha: string;
  title: string;
  actor: Account;
  inputs: ContextData;
  /** The webhook payload that became `github.event`. */
  payload: Record<string, unknown>;
  status: "queued" | "in_progress" | "completed";
  conclusion: Conclusion | "startup_failure" | null;
  createdAt: Date;
  /** Of this attempt. */
  startedAt: Date;
  updatedAt: Date;
  /** Of this attempt. GUID; the `workflow_run_backend_id` of the results service. */
  planId: string;
  /** Of this attempt, by job key. */
  groups: Map<string, JobGroup>;
  /** Of all attempts, oldest first. */
  jobs: Job[];
  cancelled: boolean;
}

export interface Job {
  id: number;
  run: Run;
  attempt: number;
  key: string;
  name: string;
  labels: string[];
  /** Undefined for a job that never asks for a runner: skipped, or failed while it was planned. */
  planned: PlannedJob | undefined;
  status: "queued" | "in_progress" | "completed";
  conclusion: Conclusion | null;
  createdAt: Date;
  startedAt: Date;
  completedAt: Date | null;
  runner: RunnerReference | null;
  steps: Step[];
  /** Of the last step update taken in; older ones are ignored. */
  changeOrder: number;
  outputs: Record<string, string>;
  annotations: { level: string; message: string }[];
  /** GUID; `jobId` to the runner, `workflow_job_run_backend_id` to the results service. */
  backendId: string;
  /** GUID; names the job in the offers that runners get of it. */
  requestId: string;
  /** The runner the message went to, until the job is acquired or given to another. */
  assignment: { runner: Runner; at: Date } | undefined;
  /** While the job runs: when its runner counts as lost, when its time is up, and its GITHUB_TOKEN. */
  lease: { lockedUntil: Date; deadline: Date; githubToken: string } | undefined;
  cancelledAt: Date | undefined;
}

export interface Step {
  /** GUID from the job message; absent for steps that the runner adds itself. */
  externalId: string;
  number: number;
  name: string;
  status: "queued" | "in_progress" | "completed";
  conclusion: Conclusion | null;
  startedAt: Date | null;
  completedAt: Date | null;
}

export interface RunnerGroup {
  id: number;
  name: string;
  default: boolean;
  /** Which of the organization's repositories may use its runners; `selected` are those in `repositories`. */
  visibility: "all" | "selected" | "private";
  repositories: ReadonlySet<Repository>;
  allowsPublicRepositories: boolean;
}

/** Of a runner what a job keeps after the registration is gone. */
export interface RunnerReference {
  id: number;
  name: string;
  group: RunnerGroup;
}

export interface Runner extends RunnerReference {
  labels: { id: number; name: string; type: "custom" | "read-only" }[];
  /** Absent for a runner of the whole organization. */
  repository: Repository | undefined;
  /** Verifies the client assertions that the runner signs with the key in its JIT configuration. */
  publicKey: KeyObject;
  clientId: string;
  os: string;
  version: string | null;
  createdAt: Date;
}

export interface Installation {
  id: number;
  account: Account;
  /** What the account has agreed to; the App may ask for more since. */
  permissions: Permissions;
  events: string[];
  createdAt: Date;
  suspended: { at: Date; by: Account } | undefined;
}

/** Where webhooks go. */
export interface Webhook {
  id: number;
  active: boolean;
  url: string;
  secret: string;
  contentType: "json" | "form";
  insecureSsl: "0" | "1";
  /** Whose it is: of an App, an organization or a repository. */
  target: { type: "integration" | "organization" | "repository"; id: number };
  lastResponse: { code: number | null; status: string; message: string | null };
}

/** A webhook of a repository, or of the organization. */
export interface PlaceHook extends Webhook {
  events: string[];
  /** Absent for one of the organization. */
  repository: Repository | undefined;
  createdAt: Date;
  updatedAt: Date;
}

export interface App {
  id: number;
  slug: string;
  name: string;
  clientId: string;
  clientSecret: string;
  owner: Account;
  /** PEM, PKCS#1, as GitHub hands it out. */
  privateKey: string;
  publicKey: KeyObject;
  description: string | null;
  externalUrl: string;
  setupUrl: string | null;
  permissions: Permissions;
  events: string[];
  hook: Webhook;
  createdAt: Date;
  installation: Installation | undefined;
}

/** One attempt to deliver a webhook; redeliveries share the `guid`. */
export interface Delivery {
  id: number;
  guid: string;
  hookId: number;
  event: string;
  action: string | null;
  deliveredAt: Date;
  /** Seconds. */
  duration: number;
  /** `OK`, or GitHub's words for what went wrong. */
  status: string;
  statusCode: number;
  redelivery: boolean;
  installationId: number | null;
  repositoryId: number | null;
  url: string;
  request: { headers: Record<string, string>; payload: Record<string, unknown> };
  response: { headers: Record<string, string>; payload: string };
}
