// A step while it runs: where it says things, what it sets, and when it must stop.
import type { Scope } from "../workflow/expressions.ts";
import type { CommandProcessor } from "./commands.ts";
import type { JobState, StepOutcome } from "./job-state.ts";
import type { StepRecord } from "./step-record.ts";

/** The step was told to stop, by a cancelled job or by its own timeout. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";

  constructor() {
    super("The operation was canceled.");
  }
}

export interface StepExecution {
  job: JobState;
  record: StepRecord;
  commands: CommandProcessor;
  /** The `env` context: the job's and the step's own. */
  env: Map<string, string>;
  /** Aborted when the step must stop. */
  signal: AbortSignal;
  echoCommands: boolean;
  /** A command or a file command could not be carried out: the step fails whatever its exit code. */
  commandFailed: boolean;
  scope(): Scope;
  setOutput(name: string, value: string): void;
}

/** Something that the job does in order: a step of the workflow, or a hook of the machine's administrator. */
export interface RunnableStep {
  record: StepRecord;
  /** Key in the `steps` context; hooks have none. */
  contextName?: string;
  /** An expression. */
  condition: string;
  /** Takes another look at the display name, now that contexts may have filled. */
  updateName(scope: Scope): void;
  /** `env:` of the step. @throws ExpressionError */
  environment(scope: Scope): Map<string, string>;
  /** Minutes, 0 for none. @throws ExpressionError */
  timeoutMinutes(scope: Scope): number;
  /** @throws ExpressionError */
  continueOnError(scope: Scope): boolean;
  /** @throws CancelledError when stopped, any other error to fail with its message. @returns whether it succeeded. */
  run(execution: StepExecution): Promise<boolean>;
}

/** Makes the step known to the `steps` context, from its first output on. */
export function stepOutcome(job: JobState, contextName: string): StepOutcome {
  const known = job.steps.get(contextName);
  if (known) return known;
  const fresh: StepOutcome = { outputs: new Map() };
  job.steps.set(contextName, fresh);
  return fresh;
}
