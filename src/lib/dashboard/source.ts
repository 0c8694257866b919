// What a dashboard asks of a fleet, and may do to it. The screen knows this interface alone, so that it can be shown
// anything: the operator's fleet (fleet-source.ts), or a thousand runners that do not exist.
import type { FleetSandbox, Registration } from "../fleet/snapshot.ts";
import type { JobExplanation } from "../operations/explain/explanation.ts";
import type { KilledRunner } from "../operations/kill-runners.ts";
import type { ListedDelivery } from "../operations/list-deliveries.ts";
import type { ListedJob } from "../operations/list-jobs.ts";
import type { ListedRunner, RunnerState } from "../operations/list-runners.ts";
import type { ReconciledItem } from "../operations/reconcile-fleet.ts";
import type { Redelivered } from "../operations/redeliver.ts";
import type { ShellTerminal } from "../operations/runner-shell.ts";
import type { SpawnedJob } from "../operations/spawn-job.ts";
import type { Unseen } from "../operations/unseen.ts";
import type { UsageKey, UsageRow } from "../operations/usage.ts";

/**
 * `unknown`: the side that would tell cannot be asked. The job of one that is busy is the one that it runs, 0 where GitHub
 * does not show that job yet; of any other the one that it was made for.
 */
export type DashboardRunner = Omit<ListedRunner, "state"> & { state: RunnerState | "unknown" };

/** What each service told, and when it was asked; undefined for one that was never reached. */
export interface KnownSides {
  sandboxes: { list: readonly FleetSandbox[]; askedAt: number } | undefined;
  registrations: { list: readonly Registration[]; askedAt: number } | undefined;
  /** The jobs as far as they were listed. */
  jobs: readonly ListedJob[] | undefined;
  /** The runners as they were last joined: what was certain then does not become uncertain with a newer answer. */
  former?: readonly DashboardRunner[] | undefined;
}

/** Nothing was done: the runner is busy with a job that was not agreed to; 0 where GitHub does not show it yet. */
export interface OtherJob {
  result: "other-job";
  runner: string;
  job: number;
  repository: string | null;
}

export interface DashboardJob extends ListedJob {
  /** The jobs of its repository could not be read since. */
  isStale?: boolean;
}

export interface DashboardJobs {
  /** In the order of `jobs ls`. */
  jobs: DashboardJob[];
  /** What could not be read. */
  unseen: Unseen[];
  /** Whether the jobs of every repository could. */
  isWhole: boolean;
}

/** GitHub's primary rate limit, as it stands. */
export interface RateBudget {
  limit: number;
  remaining: number;
  /** Milliseconds since the epoch: when it is full again. */
  resetsAt: number;
}

/** By workflow takes a call of GitHub's for each run; nothing that is refreshed may cost that. */
export type DashboardUsageKey = Exclude<UsageKey, "workflow">;

/** What the fleet used over the last day. */
export interface DashboardUsage {
  rows: Record<DashboardUsageKey, UsageRow[]>;
  /** Estimated dollars since midnight UTC. */
  dollarsToday: number;
  /** The policy's budget of a day; null where it sets none. */
  dailyBudget: number | null;
  /** One for each span of time, the oldest first; the last one is not over. */
  series: UsageSpan[];
}

export interface UsageSpan {
  /** Milliseconds since the epoch. */
  from: number;
  dollars: number;
  /** Runners at a time, on average. */
  runners: number;
}

export interface DeliveryAnswer {
  reason: string;
  /** What the code means; null for one that this version does not know. */
  meaning: string | null;
  /** The names and numbers behind it. */
  detail: string | null;
}

/** One line of a job's log, made safe for a terminal; coloured if that was asked for. */
export interface LogLine {
  text: string;
}

/** Every method may reject with what explainError understands. */
export interface DashboardSource {
  /** The fleet's name, and who owns it at GitHub. */
  readonly fleet: string;
  readonly owner: string;
  /** Who hears of warnings from now on, in place of whoever opened it. @returns gives that back */
  onWarning(hear: (text: string) => void): () => void;
  sandboxes(): Promise<FleetSandbox[]>;
  registrations(): Promise<Registration[]>;
  /** Joins both sides. */
  runners(known: KnownSides, now: number): DashboardRunner[];
  jobs(): Promise<DashboardJobs>;
  deliveries(): Promise<ListedDelivery[]>;
  usage(): Promise<DashboardUsage>;
  /** Null where GitHub does not count calls. */
  rate(): Promise<RateBudget | null>;
  /** Calls so far, by whichever of these methods, that counted towards GitHub's limit. */
  githubCalls(): number;
  /** What the controller answered to a delivery; null where that is none of its answers. */
  deliveryAnswer(id: string): Promise<DeliveryAnswer | null>;
  /** The whole story of a job. @param reference as everywhere: a job's id or address, a runner's name, and so on */
  explain(reference: string): Promise<JobExplanation>;
  /** Follows a job's log to its end. */
  log(reference: string, options: { signal: AbortSignal; onWaiting(): void }): AsyncIterable<LogLine>;
  /** @param agreedJob the job that the operator agreed to end; null for none, 0 for one that GitHub did not show yet */
  kill(runner: string, agreedJob: number | null): Promise<KilledRunner | OtherJob>;
  spawn(job: number): Promise<SpawnedJob>;
  redeliver(id: string): Promise<Redelivered>;
  /** @param isPreview only say what would be done */
  reconcile(isPreview: boolean): Promise<ReconciledItem[]>;
  /** @returns the shell's exit code */
  shell(runner: string, terminal: ShellTerminal): Promise<number>;
  /** Shows a web page in a browser. @returns false where there is none, as over SSH */
  open(url: string): Promise<boolean>;
  /** Address of a job's page at GitHub. */
  jobUrl(repository: string, run: number, job: number): string;
  close(): void;
}
