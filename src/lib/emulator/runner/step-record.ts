// What is known and said about one step: its number, state and result, its masked log and its annotations.
import { randomUUID } from "node:crypto";
import type { Annotation, StepResult, TaskResult } from "../runner-protocol.ts";
import type { Masker } from "./masker.ts";
import type { Terminal } from "./terminal.ts";

export type IssueLevel = "error" | "warning" | "notice";

const annotationLevels = { error: "FAILURE", warning: "WARNING", notice: "NOTICE" } as const;
/** src/Runner.Worker/ExecutionContext.cs: more issues of one level than this are only logged. */
const maximumIssuesPerLevel = 10;
const maximumIssueLength = 4096;

/** Where the lines of a job go: one log of the whole job, the live console, and whoever follows the steps' states. */
export interface LogSink {
  masker: Masker;
  terminal: Terminal;
  /** Lines of every step, in order, each with its time. */
  jobLog: string[];
  /** ACTIONS_STEP_DEBUG: whether debug messages are shown. */
  debug: boolean;
  changed(record: StepRecord): void;
}

/** `2026-11-23T17:39:00.1230000Z`, .NET's format "O": seven decimals. */
function roundTripTime(): string {
  return new Date().toISOString().replace("Z", "0000Z");
}

/** The log of the job itself or of a step; `##[…]` tags as in WellKnownTags. */
export class StepRecord {
  readonly id: string;
  readonly number: number;
  readonly log: string[] = [];
  readonly annotations: Annotation[] = [];
  name: string;
  /** As the service knows the kind of step: `run`, `runner`, `node20`. */
  kind = "run";
  action = "";
  status: StepResult["status"] = "pending";
  /** Undefined as long as nothing went wrong; `complete` makes that a success. */
  result: TaskResult | undefined;
  startedAt: Date | undefined;
  completedAt: Date | undefined;
  readonly #sink: LogSink;

  constructor(sink: LogSink, options: { number: number; name: string; id?: string | undefined }) {
    this.#sink = sink;
    this.id = options.id ?? randomUUID();
    this.number = options.number;
    this.name = options.name;
  }

  start(): void {
    this.status = "inProgress";
    this.startedAt = new Date();
    this.#sink.changed(this);
  }

  complete(result?: TaskResult): TaskResult {
    this.result = result ?? this.result ?? "succeeded";
    this.status = "completed";
    this.startedAt ??= new Date();
    this.completedAt = new Date();
    this.#sink.changed(this);
    return this.result;
  }

  rename(name: string): void {
    const masked = this.#sink.masker.mask(name);
    if (masked === this.name) return;
    this.name = masked;
    this.#sink.changed(this);
  }

  /** One line of output, masked. */
  output(text: string): void {
    const masked = this.#sink.masker.mask(text);
    const line = `${roundTripTime()} ${masked}`;
    this.log.push(line);
    this.#sink.jobLog.push(line);
    // The runner does not send empty lines to the console (JobServerQueue.QueueWebConsoleLine).
    if (masked !== "") {
      this.#sink.terminal.trace("WORKER", "VERB", "JobServerQueue", `Enqueue web console line queue: ${masked}`);
    }
  }

  debug(text: string): void {
    if (this.#sink.debug) for (const line of text.split(/\r?\n/)) this.output(`##[debug]${line}`);
  }

  error(text: string): void {
    this.issue("error", text);
  }

  warning(text: string): void {
    this.issue("warning", text);
  }

  /** Logs an issue and makes it an annotation, unless there are ten of its level already. */
  issue(level: IssueLevel, text: string, place: { path?: string; startLine?: number; title?: string } = {}): void {
    const message = this.#sink.masker.mask(text).slice(0, maximumIssueLength);
    if (message !== "") this.output(`##[${level}]${message}`);
    const annotation: Annotation = { level: annotationLevels[level], message, startLine: this.log.length, ...place };
    const alike = this.annotations.filter((other) => other.level === annotation.level);
    if (message.trim() !== "" && alike.length < maximumIssuesPerLevel) this.annotations.push(annotation);
  }

  /** What completejob reports. */
  toResult(): StepResult {
    return {
      external_id: this.id,
      number: this.number,
      name: this.name,
      action_name: this.action,
      type: this.kind,
      status: this.status,
      conclusion: this.result ?? null,
      ...(this.startedAt ? { started_at: this.startedAt.toISOString() } : {}),
      ...(this.completedAt ? { completed_at: this.completedAt.toISOString() } : {}),
      annotations: this.annotations,
    };
  }
}
