// Turns a job of a workflow file into the jobs of a run: decides whether it runs, expands its matrix, and evaluates what
// GitHub evaluates before a runner is asked for (name, labels, timeout).
// Source: src/Sdk/WorkflowParser/{WorkflowTemplateEvaluator,Conversion/WorkflowTemplateConverter}.cs of actions/runner.
import type { ContextData, TemplateToken } from "../runner-protocol.ts";
import { toDictionaryData } from "./context-data.ts";
import {
  ExpressionError,
  evaluateBoolean,
  evaluateCondition,
  evaluateNumber,
  evaluateText,
  evaluateToken,
  type Scope,
} from "./expressions.ts";
import { type Combination, expandMatrix, MatrixError } from "./matrix.ts";
import { type FinishedJob, needsContext, statusFunctions } from "./needs.ts";
import { RunsOnError, readRunsOn } from "./runs-on.ts";
import type { Workflow, WorkflowJob } from "./workflow-types.ts";

export interface PlanScope {
  github: ContextData;
  vars: ContextData;
  inputs: ContextData;
  /** Every job of the run that has ended, by key: those that the job needs, and those that they need in turn. */
  finished: Record<string, FinishedJob>;
  /** Whether the run was cancelled. */
  cancelled?: boolean;
}

export interface PlannedJob {
  workflow: Workflow;
  job: WorkflowJob;
  /** Display name: `build`, `build (a, b)`, or the evaluated `name:`. */
  name: string;
  labels: string[];
  /** `runs-on.group`. */
  group?: string;
  timeoutMinutes: number;
  continueOnError: boolean;
  /** The contexts of the job message that planning has settled; matrix is null where the job has none. */
  contexts: Record<"matrix" | "strategy" | "needs" | "vars" | "inputs", ContextData>;
}

export type JobPlan =
  | { skipped: true; name: string }
  | {
      skipped: false;
      /** At least one, in the order of the matrix. */
      jobs: PlannedJob[];
      failFast: boolean;
      maxParallel?: number;
    };

/** A job that cannot be planned and has failed by that; the message is for people. */
export class PlanError extends Error {
  override readonly name = "PlanError";
}

/**
 * Plans a job as soon as the jobs that it needs have ended.
 * A job with `unsupported` keys is planned like any other; failing it is the caller's part.
 * @throws PlanError when the condition, matrix, name, labels or timeout cannot be evaluated
 * @throws RangeError when a job that it needs has not ended
 */
export function planJob(workflow: Workflow, job: WorkflowJob, scope: PlanScope): JobPlan {
  const needs = needsContext(job, scope.finished);
  const contexts = { github: scope.github, vars: scope.vars, inputs: scope.inputs, needs };
  const runs = settle(job, "if", () =>
    evaluateCondition(job.condition, {
      contexts,
      functions: statusFunctions(workflow, job, scope.finished, scope.cancelled ?? false),
    }),
  );
  if (!runs) return { skipped: true, name: skippedName(job, { contexts }) };

  const strategy = settle(job, "strategy", () => readStrategy(job.strategy, { contexts }));
  const { combinations, failFast, maxParallel } = strategy;
  const jobs = combinations.map((combination, index): PlannedJob => {
    const strategyContext = toDictionaryData({
      "fail-fast": failFast,
      "job-index": index,
      "job-total": combinations.length,
      "max-parallel": maxParallel ?? combinations.length,
    });
    const settled = { ...contexts, matrix: combination.matrix, strategy: strategyContext };
    const all: Scope = { contexts: settled };
    return {
      workflow,
      job,
      name: settle(job, "name", () => jobName(job, combination, all)),
      ...settle(job, "runs-on", () => readRunsOn(job.runsOn, all)),
      timeoutMinutes: settle(job, "timeout-minutes", () => Math.trunc(evaluateNumber(job.timeoutMinutes, all, 360))),
      continueOnError: settle(job, "continue-on-error", () => evaluateBoolean(job.continueOnError, all, false)),
      contexts: {
        matrix: combination.matrix,
        strategy: strategyContext,
        needs,
        vars: scope.vars,
        inputs: scope.inputs,
      },
    };
  });
  return { skipped: false, jobs, failFast, ...(maxParallel !== undefined && { maxParallel }) };
}

interface Strategy {
  combinations: (Combination | { matrix: null; segments: [] })[];
  failFast: boolean;
  maxParallel?: number;
}

function readStrategy(token: TemplateToken | undefined, scope: Scope): Strategy {
  const value = token === undefined ? null : evaluateToken(token, scope);
  if (value !== null && (typeof value !== "object" || value.t !== 2)) throw new PlanError("A mapping was expected");
  const entry = (key: string) => value?.d.find(({ k }) => k === key)?.v ?? null;
  const failFast = entry("fail-fast") ?? true;
  if (typeof failFast !== "boolean") throw new PlanError("fail-fast must be a boolean");
  const maxParallel = entry("max-parallel") ?? 0;
  if (typeof maxParallel !== "number") throw new PlanError("max-parallel must be a number");
  const matrix = entry("matrix");
  const combinations = matrix === null ? [] : expandMatrix(matrix);
  return {
    // Where everything is excluded, GitHub runs the job once, without a matrix.
    combinations: combinations.length > 0 ? combinations : [{ matrix: null, segments: [] }],
    failFast,
    ...(maxParallel >= 1 && { maxParallel: Math.trunc(maxParallel) }),
  };
}

/** An expression names the job alone; a literal or the key gets the matrix behind it. */
function jobName(job: WorkflowJob, { segments }: Pick<Combination, "segments">, scope: Scope): string {
  if (isExpression(job.name)) {
    const name = evaluateText(job.name, scope);
    if (name !== "") return name;
  }
  const base = isExpression(job.name) ? job.key : evaluateText(job.name, scope) || job.key;
  const name = segments.length > 0 ? `${base} (${segments.join(", ")})` : base;
  return name.length > 100 ? `${name.slice(0, 97)}...` : name;
}

/** A skipped job has no matrix: one whose name cannot do without is named after its key. */
function skippedName(job: WorkflowJob, scope: Scope): string {
  if (!isExpression(job.name)) return evaluateText(job.name, scope) || job.key;
  if (/\b(matrix|strategy)\b/i.test(job.name.expr)) return job.key;
  return settle(job, "name", () => evaluateText(job.name, scope)) || job.key;
}

function isExpression(token: TemplateToken | undefined): token is Extract<TemplateToken, { type: 3 }> {
  return token !== null && typeof token === "object" && token.type === 3;
}

/** What the file of the workflow, not this program, is to blame for. */
const problems = [ExpressionError, MatrixError, RunsOnError, PlanError];

/** Runs a part of the planning, and says which part of which job it was when that fails. */
function settle<T>(job: WorkflowJob, part: string, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (cause) {
    if (!problems.some((problem) => cause instanceof problem)) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new PlanError(`Error when evaluating '${part}' for job '${job.key}'. ${message}`, { cause });
  }
}
