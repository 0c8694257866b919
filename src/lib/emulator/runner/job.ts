// Runs a job from its message to its result: "Set up job", hooks and steps, "Complete job", and the report to the run
// service (src/Runner.Worker/{JobRunner,JobExtension}.cs).
import { hostname } from "node:os";
import type { AgentJobRequestMessage, TaskResult, VariableValue } from "../runner-protocol.ts";
import { evaluateMapping } from "../workflow/expressions.ts";
import { CommandProcessor } from "./commands.ts";
import type { Configuration } from "./configuration.ts";
import { type CancelReason, JobState, mergeResults } from "./job-state.ts";
import type { Masker } from "./masker.ts";
import { killOrphans } from "./orphans.ts";
import { Results } from "./results.ts";
import { type JobLease, systemConnection } from "./run-service.ts";
import type { RunnableStep } from "./step-execution.ts";
import { StepRecord } from "./step-record.ts";
import { hookStep, workflowStep } from "./steps.ts";
import { StepsRunner } from "./steps-runner.ts";
import type { Terminal } from "./terminal.ts";
import { runnerVersion } from "./version.ts";

export interface JobOptions {
  message: AgentJobRequestMessage;
  lease: JobLease;
  configuration: Configuration;
  terminal: Terminal;
  masker: Masker;
  environment: NodeJS.ProcessEnv;
}

const shutdownNotice =
  "The runner has received a shutdown signal. This can happen when the runner service is stopped, or a manually started " +
  "runner is canceled.";

function addSecrets(masker: Masker, message: AgentJobRequestMessage): void {
  for (const [name, { value, isSecret }] of Object.entries(message.variables)) {
    if (isSecret && !/^ACTIONS_(STEP|RUNNER)_DEBUG$/i.test(name)) masker.add(value);
  }
  for (const { value } of message.mask) masker.addPattern(value);
  masker.add(systemConnection(message).token);
}

export class Job {
  readonly #options: JobOptions;
  readonly #state: JobState;
  readonly #record: StepRecord;
  readonly #records: StepRecord[] = [];
  readonly #outputs: Record<string, VariableValue> = {};

  constructor(options: JobOptions) {
    const { message, terminal, masker, configuration, environment } = options;
    this.#options = options;
    addSecrets(masker, message);
    const results = new Results(message, (problem) => terminal.trace("WORKER", "ERR ", "JobServerQueue", problem));
    this.#state = new JobState({
      message,
      results,
      environment,
      runnerName: configuration.agentName,
      workDirectory: configuration.workDirectory,
      sink: {
        masker,
        terminal,
        jobLog: [],
        debug: /^(1|true)$/i.test(message.variables["ACTIONS_STEP_DEBUG"]?.value ?? ""),
        changed: (record) => {
          if (record !== this.#record) results.stepChanged(record);
        },
      },
    });
    this.#record = new StepRecord(this.#state.sink, { number: 0, name: message.jobDisplayName, id: message.jobId });
  }

  get id(): string {
    return this.#options.message.jobId;
  }

  /** Set once the result is on its way: GitHub may then forget the runner at any moment. */
  reported = false;

  get cancelled(): boolean {
    return this.#state.cancelled.aborted;
  }

  cancel(reason: CancelReason): void {
    if (reason === "shutdown" && !this.#state.shutdown) this.#record.error(shutdownNotice);
    this.#state.cancel(reason);
  }

  /** @returns the result, once the run service has it. @throws ServiceError when it does not take it. */
  async run(): Promise<TaskResult> {
    const state = this.#state;
    const steps = this.#setUp();
    const runner = new StepsRunner(state, new CommandProcessor());
    for (const step of steps) await runner.run(step);
    const completed = this.#options.environment["ACTIONS_RUNNER_HOOK_JOB_COMPLETED"];
    if (completed && steps.length > 0) await runner.run(hookStep("completed", completed, this.#createRecord));
    await this.#finalize();
    const result = this.#record.complete(state.result);
    state.results.jobLog(state.sink.jobLog);
    await state.results.flush();
    state.cleanUp();
    this.reported = true;
    await this.#options.lease.complete({
      conclusion: result,
      outputs: this.#outputs,
      stepResults: this.#records.map((record) => record.toResult()),
      annotations: this.#record.annotations,
      billingOwnerId: "",
    });
    return result;
  }

  readonly #createRecord = (name: string, id?: string): StepRecord => {
    const record = new StepRecord(this.#state.sink, { number: this.#records.length + 1, name, id });
    this.#records.push(record);
    return record;
  };

  /** "Set up job". @returns no steps when the job cannot be set up. */
  #setUp(): RunnableStep[] {
    const { message, configuration, environment } = this.#options;
    const state = this.#state;
    const record = this.#createRecord("Set up job");
    record.kind = "runner";
    record.action = "setup_job";
    record.start();
    let steps: RunnableStep[] = [];
    try {
      record.output(`Current runner version: '${runnerVersion()}'`);
      record.output(`Runner name: '${configuration.agentName}'`);
      record.output(`Machine name: '${hostname()}'`);
      record.output("Prepare workflow directory");
      state.evaluateEnvironment();
      record.output("Prepare all required actions");
      record.output(`Complete job name: ${message.jobDisplayName}`);
      const started = environment["ACTIONS_RUNNER_HOOK_JOB_STARTED"];
      if (started) steps.push(hookStep("started", started, this.#createRecord));
      steps.push(...message.steps.map((step) => workflowStep(step, this.#createRecord)));
      for (const step of steps) {
        step.updateName(state.scope());
        state.results.stepChanged(step.record);
      }
      record.complete();
    } catch (error) {
      record.error(error instanceof Error ? error.message : String(error));
      record.complete("failed");
      state.result = mergeResults(state.result, "failed");
      steps = [];
    }
    state.results.stepLog(record.id, record.log);
    return steps;
  }

  /** "Complete job": the job's outputs, and the processes it left behind. */
  async #finalize(): Promise<void> {
    const state = this.#state;
    const { masker } = this.#options;
    const record = this.#createRecord("Complete job");
    record.kind = "runner";
    record.action = "complete_job";
    record.start();
    try {
      const outputs = evaluateMapping(this.#options.message.jobOutputs, state.scope());
      if (outputs.size > 0) record.output("Evaluate and set job outputs");
      for (const [name, value] of outputs) {
        if (value === "") continue;
        if (masker.mask(value) !== value) {
          record.warning(`Skip output '${name}' since it may contain secret.`);
          continue;
        }
        record.output(`Set output '${name}'`);
        this.#outputs[name] = { value };
      }
    } catch (error) {
      record.error("Fail to evaluate job outputs");
      record.error(error instanceof Error ? error.message : String(error));
      record.result = "failed";
      state.result = mergeResults(state.result, "failed");
    }
    record.output("Cleaning up orphan processes");
    await killOrphans(state.trackingId, ({ pid, name }) => {
      record.output(`Terminate orphan process: pid (${pid}) (${name})`);
    });
    record.complete();
    state.results.stepLog(record.id, record.log);
  }
}
