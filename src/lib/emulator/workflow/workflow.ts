// Reads a workflow file into a Workflow, or says with line and column why GitHub would refuse it.
import { convertConcurrency } from "@actions/workflow-parser/model/converter/concurrency";
import { convertOn } from "@actions/workflow-parser/model/converter/events";
import { handleTemplateTokenErrors } from "@actions/workflow-parser/model/converter/handle-errors";
import type { TemplateContext } from "@actions/workflow-parser/templates/template-context";
import type { TemplateToken as ParsedToken } from "@actions/workflow-parser/templates/tokens/index";
import { fromContextData } from "./context-data.ts";
import { evaluateToken } from "./expressions.ts";
import { readJobs } from "./workflow-jobs.ts";
import { readWorkflow } from "./workflow-reader.ts";
import { propertiesOf, toWireToken, wireProperty } from "./workflow-tokens.ts";
import type { EventFilters, InputDefinition, Workflow } from "./workflow-types.ts";

export interface WorkflowProblem {
  message: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
}

/** A workflow file that GitHub would refuse; the message has a line for every problem, each with path, line and column. */
export class WorkflowError extends Error {
  override readonly name = "WorkflowError";
  readonly path: string;
  readonly errors: WorkflowProblem[];

  constructor(path: string, errors: WorkflowProblem[]) {
    super(errors.map(({ message, line, column }) => `${path} (Line: ${line}, Col: ${column}): ${message}`).join("\n"));
    this.path = path;
    this.errors = errors;
  }
}

/**
 * Reads a workflow file with GitHub's schema and rules.
 * @param file the path relative to the repository, and the text of the file
 * @throws WorkflowError
 */
export function parseWorkflow(file: { path: string; content: string }): Workflow {
  const { context, root } = readWorkflow(file.path, file.content);
  if (root === undefined || context.errors.count > 0) throw workflowError(file.path, context);
  const properties = propertiesOf(root);
  const concurrency = properties.get("concurrency");
  if (concurrency) handleTemplateTokenErrors(concurrency, context, {}, () => convertConcurrency(context, concurrency));
  const events = readEvents(context, properties.get("on") ?? root);
  const jobs = readJobs(context, properties.get("jobs") ?? root);
  if (context.errors.count > 0) throw workflowError(file.path, context);

  const workflow: Workflow = { name: properties.get("name")?.toString() || file.path, path: file.path, events, jobs };
  const env = wireProperty(properties, "env");
  const defaults = wireProperty(properties, "defaults");
  const runName = wireProperty(properties, "run-name");
  if (env !== undefined) workflow.env = env;
  if (defaults !== undefined) workflow.defaults = defaults;
  if (runName !== undefined) workflow.runName = runName;
  return workflow;
}

function workflowError(path: string, context: TemplateContext): WorkflowError {
  const problems = context.errors.getErrors().map(({ rawMessage, range }) => ({
    // The YAML parser adds an excerpt of the file on further lines.
    message: rawMessage.split("\n", 1)[0]?.replace(/ at line \d+, column \d+:$/, "") ?? rawMessage,
    line: range?.start.line ?? 1,
    column: range?.start.column ?? 1,
  }));
  return new WorkflowError(path, problems);
}

/** `on:` is held to the schema before this, so that its plain value has one of these shapes. */
type PlainEvents = string | string[] | Record<string, PlainFilters | PlainSchedule[] | null>;
type PlainSchedule = { cron: string };
type PlainFilters = { inputs?: Record<string, Partial<InputDefinition>> | null } & {
  [Filter in Exclude<keyof EventFilters, "inputs" | "cron">]?: string | string[];
};

function readEvents(context: TemplateContext, on: ParsedToken): Record<string, EventFilters> {
  // For its checks alone: it knows no inputs of type number.
  handleTemplateTokenErrors(on, context, {}, () => convertOn(context, on));
  if (context.errors.count > 0) return {};
  const plain = fromContextData(evaluateToken(toWireToken(on), { contexts: {} })) as PlainEvents;
  if (typeof plain === "string") return { [plain]: {} };
  if (Array.isArray(plain)) return Object.fromEntries(plain.map((name) => [name, {}]));
  return Object.fromEntries(Object.entries(plain).map(([name, filters]) => [name, readFilters(filters)]));
}

function readFilters(plain: PlainFilters | PlainSchedule[] | null): EventFilters {
  if (plain === null) return {};
  if (Array.isArray(plain)) return { cron: plain.map((schedule) => schedule.cron) };
  const { inputs, ...filters } = plain;
  const lists = Object.entries(filters).map(([name, value]) => [name, typeof value === "string" ? [value] : value]);
  const found: EventFilters = Object.fromEntries(lists);
  if (inputs) {
    found.inputs = Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [name, { ...input, type: input.type ?? "string" }]),
    );
  }
  return found;
}
