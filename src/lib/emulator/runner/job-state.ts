// The state of the one job that a runner runs: its contexts as they grow, its environment, its cancellation.
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentJobRequestMessage, ContextData, TaskResult } from "../runner-protocol.ts";
import { fromContextData, toContextData, toDictionaryData } from "../workflow/context-data.ts";
import { evaluateMapping, evaluateToken, type Scope } from "../workflow/expressions.ts";
import { hashFiles } from "./hash-files.ts";
import type { Results } from "./results.ts";
import type { LogSink } from "./step-record.ts";
import { runnerArchitecture, runnerOs } from "./version.ts";

/** `job.status`, and the outcome and conclusion of a step. */
export type ActionResult = "success" | "failure" | "cancelled" | "skipped";

export function toActionResult(result: TaskResult): ActionResult {
  if (result === "canceled") return "cancelled";
  if (result === "skipped") return "skipped";
  return result === "failed" || result === "abandoned" ? "failure" : "success";
}

/** The worse of two results; what is cancelled stays so (TaskResultUtil.MergeTaskResults). */
export function mergeResults(current: TaskResult | undefined, coming: TaskResult): TaskResult {
  const order: TaskResult[] = ["succeeded", "succeededWithIssues", "failed", "canceled", "skipped", "abandoned"];
  if (current === undefined) return coming;
  if (order.indexOf(current) > order.indexOf("failed")) return current;
  return order.indexOf(coming) >= order.indexOf(current) ? coming : current;
}

/**
 * Why a job ends early: GitHub cancelled it, or the runner itself is shut down (then not even always() steps run).
 * `force` is GitHub's patience running out: what still runs is killed.
 */
export type CancelReason = "cancel" | "shutdown" | "force";

export interface StepOutcome {
  outputs: Map<string, string>;
  outcome?: ActionResult;
  conclusion?: ActionResult;
}

export interface JobStateOptions {
  message: AgentJobRequestMessage;
  sink: LogSink;
  results: Results;
  runnerName: string;
  workDirectory: string;
  /** The runner's own environment, which steps inherit. */
  environment: NodeJS.ProcessEnv;
}

export class JobState {
  readonly message: AgentJobRequestMessage;
  readonly sink: LogSink;
  readonly results: Results;
  readonly environment: NodeJS.ProcessEnv;
  /** Every process that a step starts carries it as RUNNER_TRACKING_ID. */
  readonly trackingId = `github_${randomUUID()}`;
  readonly temporary: string;
  readonly workspace: string;
  readonly github: Map<string, ContextData>;
  readonly runner: Record<string, string>;
  readonly #secrets: ContextData;
  readonly steps = new Map<string, StepOutcome>();
  /** `env:` of workflow and job, and what steps add through GITHUB_ENV. */
  readonly env = new Map<string, string>();
  /** GITHUB_PATH, the latest last. */
  readonly path: string[] = [];
  defaults: { shell?: string | undefined; workingDirectory?: string | undefined } = {};
  result: TaskResult | undefined;
  readonly #cancel = new AbortController();
  cancelReason: CancelReason | undefined;
  /** Aborted when always() steps, too, must end. */
  readonly #force = new AbortController();

  constructor({ message, sink, results, runnerName, workDirectory, environment }: JobStateOptions) {
    this.message = message;
    this.sink = sink;
    this.results = results;
    this.temporary = join(workDirectory, "_temp");
    const github = message.contextData["github"];
    const pairs = github !== null && typeof github === "object" && github.t === 2 ? github.d : [];
    const token = message.variables["system.github.token"]?.value ?? "";
    sink.masker.add(Buffer.from(`x-access-token:${token}`).toString("base64"));
    this.github = new Map<string, ContextData>([
      ["token", token],
      ["job", message.variables["system.github.job"]?.value ?? message.jobName],
      ...pairs.map(({ k, v }): [string, ContextData] => [k, v]),
    ]);
    const repository = this.repository.split("/").at(-1) || "repository";
    this.workspace = join(workDirectory, repository, repository);
    const tools =
      environment["RUNNER_TOOL_CACHE"] ?? environment["AGENT_TOOLSDIRECTORY"] ?? join(workDirectory, "_tool");
    for (const directory of [this.temporary, this.workspace, tools]) mkdirSync(directory, { recursive: true });
    this.github.set("workspace", this.workspace);
    this.runner = {
      os: runnerOs(),
      arch: runnerArchitecture(),
      name: runnerName,
      environment: message.variables["system.runnerEnvironment"]?.value ?? "self-hosted",
      tool_cache: tools,
      temp: this.temporary,
      workspace: join(workDirectory, repository),
      ...(sink.debug ? { debug: "1" } : {}),
    };
    const secrets = Object.entries(message.variables)
      .filter(([name, { isSecret }]) => isSecret && !/^system\.(github\.token|accesstoken)$/i.test(name))
      .map(([name, { value }]): [string, string] => [name.toUpperCase(), value]);
    this.#secrets = toDictionaryData({ GITHUB_TOKEN: token, ...Object.fromEntries(secrets) });
    this.environment = { ...environment, RUNNER_TRACKING_ID: this.trackingId };
  }

  get repository(): string {
    const name = this.github.get("repository");
    return typeof name === "string" ? name : "";
  }

  get status(): ActionResult {
    return toActionResult(this.result ?? "succeeded");
  }

  /** Aborted once the job is cancelled, for whatever reason. */
  get cancelled(): AbortSignal {
    return this.#cancel.signal;
  }

  get forced(): AbortSignal {
    return this.#force.signal;
  }

  get shutdown(): boolean {
    return this.cancelReason === "shutdown";
  }

  cancel(reason: CancelReason): void {
    if (reason === "force") this.#force.abort();
    if (this.cancelReason === "shutdown") return;
    this.cancelReason = reason === "force" ? (this.cancelReason ?? "cancel") : reason;
    // The runner reports a job that its own shutdown cut short as failed (src/Runner.Worker/StepsRunner.cs).
    this.result = reason === "shutdown" ? "failed" : "canceled";
    if (reason === "shutdown") this.#force.abort();
    this.#cancel.abort();
  }

  /** What an expression may refer to. @param env the `env` context where it is not the job's own. */
  scope(env: ReadonlyMap<string, string> = this.env): Scope {
    const steps = [...this.steps].map(([name, { outputs, ...states }]): [string, unknown] => [
      name,
      { outputs: Object.fromEntries(outputs), ...states },
    ]);
    return {
      contexts: {
        ...this.message.contextData,
        github: { t: 2, d: [...this.github].map(([k, v]) => ({ k, v })) },
        runner: toContextData(this.runner),
        job: toContextData({ status: this.status }),
        secrets: this.#secrets,
        env: toContextData(Object.fromEntries(env)),
        steps: toContextData(Object.fromEntries(steps)),
      },
      functions: {
        success: () => this.status === "success",
        failure: () => this.status === "failure",
        cancelled: () => this.status === "cancelled",
        always: () => true,
        hashFiles: (patterns) => hashFiles(this.workspace, patterns.map(String)),
      },
    };
  }

  /** `env:` of workflow and job, then `defaults:`. @throws ExpressionError */
  evaluateEnvironment(): void {
    for (const token of this.message.environmentVariables ?? []) {
      for (const [name, value] of evaluateMapping(token, this.scope())) this.env.set(name, value);
    }
    for (const token of this.message.defaults ?? []) {
      const defaults = fromContextData(evaluateToken(token, this.scope())) as { run?: Record<string, string> } | null;
      const { shell, "working-directory": workingDirectory } = defaults?.run ?? {};
      this.defaults = {
        shell: shell ?? this.defaults.shell,
        workingDirectory: workingDirectory ?? this.defaults.workingDirectory,
      };
    }
  }

  /** Writes GITHUB_EVENT_PATH. */
  writeEvent(): void {
    const directory = join(this.temporary, "_github_workflow");
    mkdirSync(directory, { recursive: true });
    const path = join(directory, "event.json");
    writeFileSync(path, JSON.stringify(fromContextData(this.github.get("event") ?? { t: 2, d: [] })));
    this.github.set("event_path", path);
  }

  /** Empties the temporary folder: the scripts of the job, its event, its file commands. */
  cleanUp(): void {
    rmSync(this.temporary, { recursive: true, force: true });
  }
}
