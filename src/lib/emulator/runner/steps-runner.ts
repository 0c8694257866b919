// Runs the steps of a job one after the other: conditions, environments, timeouts, results, cancellation; and says so in
// the trace, in the words of src/Runner.Worker/StepsRunner.cs.
import type { TaskResult } from "../runner-protocol.ts";
import { evaluateCondition } from "../workflow/expressions.ts";
import type { CommandProcessor } from "./commands.ts";
import { type JobState, mergeResults, toActionResult } from "./job-state.ts";
import { CancelledError, type RunnableStep, type StepExecution, stepOutcome } from "./step-execution.ts";

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class StepsRunner {
  readonly #job: JobState;
  readonly #commands: CommandProcessor;

  constructor(job: JobState, commands: CommandProcessor) {
    this.#job = job;
    this.#commands = commands;
  }

  /** Never throws: what goes wrong is the step's result. */
  async run(step: RunnableStep): Promise<void> {
    const job = this.#job;
    this.#trace(`Processing step: DisplayName='${step.record.name}'`);
    step.record.start();
    const stop = new AbortController();
    const execution: StepExecution = {
      job,
      record: step.record,
      commands: this.#commands,
      env: new Map(job.env),
      signal: stop.signal,
      echoCommands: false,
      commandFailed: false,
      scope: () => job.scope(execution.env),
      setOutput: (name, value) => {
        if (step.contextName) stepOutcome(job, step.contextName).outputs.set(name, value);
      },
    };
    const onCancel = () => {
      if (!this.#meets(step, execution)) stop.abort();
    };
    const onForce = () => stop.abort();
    job.cancelled.addEventListener("abort", onCancel, { once: true });
    job.forced.addEventListener("abort", onForce, { once: true });
    try {
      for (const [name, value] of step.environment(job.scope())) execution.env.set(name, value);
      step.updateName(execution.scope());
      if (job.forced.aborted || !evaluateCondition(step.condition, execution.scope())) {
        this.#trace("Skipping step due to condition evaluation.");
        this.#complete(step, "skipped");
      } else {
        this.#complete(step, await this.#execute(step, execution, stop));
      }
    } catch (error) {
      step.record.error(message(error));
      this.#complete(step, "failed");
    } finally {
      job.cancelled.removeEventListener("abort", onCancel);
      job.forced.removeEventListener("abort", onForce);
    }
  }

  /** Whether the step's condition still holds, now that the job is cancelled. */
  #meets(step: RunnableStep, execution: StepExecution): boolean {
    if (this.#job.shutdown) return false;
    try {
      return evaluateCondition(step.condition, execution.scope());
    } catch (error) {
      step.record.error(message(error));
      return false;
    }
  }

  async #execute(step: RunnableStep, execution: StepExecution, stop: AbortController): Promise<TaskResult> {
    const minutes = step.timeoutMinutes(execution.scope());
    let timedOut = false;
    const onTimeout = () => {
      timedOut = !stop.signal.aborted;
      stop.abort();
    };
    const timer = minutes > 0 ? setTimeout(onTimeout, minutes * 60_000) : undefined;
    const { record } = step;
    let result: TaskResult | undefined;
    try {
      if (!(await step.run(execution))) result = "failed";
    } catch (error) {
      if (timedOut) record.error(`The action '${record.name}' has timed out after ${minutes} minutes.`);
      else record.error(message(error));
      result = error instanceof CancelledError && !timedOut ? "canceled" : "failed";
    } finally {
      clearTimeout(timer);
    }
    if (execution.commandFailed) result = mergeResults(result, "failed");
    const { contextName } = step;
    if (result === "failed" && step.continueOnError(execution.scope())) {
      if (contextName) stepOutcome(this.#job, contextName).outcome = "failure";
      result = "succeeded";
      this.#trace("Updated step result (continue on error)");
    }
    // The runner leaves the name of a success empty here.
    this.#trace(`Step result: ${result ? result[0]!.toUpperCase() + result.slice(1) : ""}`);
    return result ?? "succeeded";
  }

  #complete({ record, contextName }: RunnableStep, result: TaskResult): void {
    const job = this.#job;
    record.complete(result);
    if (contextName) {
      const state = stepOutcome(job, contextName);
      state.conclusion = toActionResult(result);
      state.outcome ??= state.conclusion;
    }
    if (result === "failed") job.result = mergeResults(job.result, "failed");
    job.results.stepLog(record.id, record.log);
  }

  #trace(text: string): void {
    this.#job.sink.terminal.trace("WORKER", "INFO", "StepsRunner", text);
  }
}
