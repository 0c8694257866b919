// The narrow doors through which the fleet reaches GitHub and Modal. github/ and modal/ implement them; so may a simulation.
import type { EndedSandbox, FleetSandbox, Job, Registration } from "./snapshot.ts";

/** GitHub, as far as the fleet needs it. Every method may throw Unavailable. */
export interface GitHub {
  /**
   * Registers a runner and returns its just-in-time configuration, a secret.
   * @throws NameTaken when a runner of this name is registered (also after a reply that was lost)
   */
  mintRunner(request: MintRequest): Promise<{ registrationId: number; jitConfig: string }>;
  /** Removes a registration: "busy" when GitHub refuses because a job runs on it, "absent" when there is none. */
  deregister(registrationId: number, repository: string): Promise<"removed" | "absent" | "busy">;
  /** Every registration where the fleet registers runners. */
  registrations(): Promise<Registration[]>;
  /** One registration; undefined when GitHub has none of this id. */
  registration(registrationId: number, repository: string): Promise<Registration | undefined>;
  /** One job; undefined when GitHub has no such job. */
  job(repository: string, jobId: number): Promise<Job | undefined>;
  /** A run, as far as it matters whose code it runs; undefined when GitHub has no such run. */
  run(repository: string, runId: number): Promise<{ isForkPullRequest: boolean } | undefined>;
  /** `owner/name` of every repository that may use the fleet. */
  repositories(): Promise<string[]>;
  /** Every job of these repositories that is not completed. */
  unfinishedJobs(repositories: readonly string[]): Promise<Job[]>;
  /**
   * Asks for deliveries that failed to be sent once more.
   * @param since milliseconds since the epoch; older ones are left alone
   * @returns how many
   */
  redeliverFailed(since: number): Promise<number>;
}

export interface MintRequest {
  name: string;
  labels: string[];
  /** `owner/name` of the job's repository: where the runner is registered when the policy's scope is `repository`. */
  repository: string;
  runnerGroupId: number;
}

/** Modal, as far as the fleet needs it. Every method may throw Unavailable. */
export interface Modal {
  /** Every living Sandbox of the fleet. */
  sandboxes(): Promise<FleetSandbox[]>;
  /** Every Sandbox of the fleet that was created since then (milliseconds since the epoch) and has ended. */
  ended(since: number): Promise<EndedSandbox[]>;
  /**
   * Starts a Sandbox. For a GPU this may take minutes: until Modal has found one.
   * @throws NameTaken when a living Sandbox has the name: another controller was faster
   */
  create(spec: SandboxSpec): Promise<{ sandboxId: string }>;
  /** Replaces all tags. A Sandbox that has ended meanwhile is no error. */
  retag(sandboxId: string, tags: Record<string, string>): Promise<void>;
  /** Waits until the Sandbox has ended, at most so long; true when it has. */
  waitForEnd(sandboxId: string, timeoutMs: number): Promise<boolean>;
  /** Ends the Sandbox. One that has ended is no error. */
  terminate(sandboxId: string): Promise<void>;
}

export interface SandboxSpec {
  name: string;
  tags: Record<string, string>;
  /** Name of a published Modal Image. */
  image: string;
  cpu: number;
  memoryMiB: number;
  gpu: string | undefined;
  timeoutSeconds: number;
  regions: string[];
  command: string[];
  /** `vm` for Docker inside, which a GPU excludes. */
  runtime: "container" | "vm";
  volumes: {
    name: string;
    path: string /** Folder of the Volume; the whole of it where absent. */;
    subPath?: string;
  }[];
  /** Names of Modal Secrets whose variables the job's steps see. */
  secrets: string[];
  /** Where the Sandbox may connect to; anywhere where absent. */
  egress: { domains: string[]; cidrs: string[] } | undefined;
  /** Plain settings of the entrypoint. */
  environment: Record<string, string>;
  /** Never logged, never in argv. */
  secretEnvironment: Record<string, string>;
}

/** The name is in use. */
export class NameTaken extends Error {
  override name = "NameTaken";
}

/** GitHub or Modal could not do it now; the job waits for the next look. */
export class Unavailable extends Error {
  override name = "Unavailable";
  readonly service: "github" | "modal";
  /** Seconds after which to ask again, where the service said so. */
  readonly retryAfterSeconds: number | undefined;
  readonly isRateLimit: boolean;
  constructor(
    service: "github" | "modal",
    message: string,
    options: { retryAfterSeconds?: number; isRateLimit?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.service = service;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.isRateLimit = options.isRateLimit ?? false;
  }
}
