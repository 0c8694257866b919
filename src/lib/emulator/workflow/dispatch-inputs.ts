// The inputs of a manually started workflow.
// Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatchinputs
import type { ContextData } from "../runner-protocol.ts";
import type { DictionaryData } from "./context-data.ts";
import type { InputDefinition, Workflow } from "./workflow-types.ts";

/** A dispatch that GitHub answers with 422; the message names every problem. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly problems: string[];

  constructor(problems: string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * The inputs context of a `workflow_dispatch`: each defined input with its type, from what was given (names without
 * regard to case, booleans and numbers as such or as text) or else its default.
 * @throws InputError when the workflow has no such trigger, or inputs are missing, unknown or not allowed
 */
export function resolveInputs(workflow: Workflow, given: Record<string, unknown>): DictionaryData {
  const trigger = workflow.events["workflow_dispatch"];
  if (!trigger) throw new InputError(["Workflow does not have 'workflow_dispatch' trigger"]);
  const definitions = Object.entries(trigger.inputs ?? {});
  const isDefined = (name: string) => definitions.some(([defined]) => sameName(defined, name));
  const unknown = Object.keys(given).filter((name) => !isDefined(name));
  const problems = unknown.length > 0 ? [`Unexpected inputs provided: ${JSON.stringify(unknown)}`] : [];
  const inputs: DictionaryData = { t: 2, d: [] };
  for (const [name, definition] of definitions) {
    const value = Object.entries(given).find(([key]) => sameName(key, name))?.[1] ?? definition.default;
    if (definition.required && (value === undefined || value === "")) {
      problems.push(`Required input '${name}' not provided`);
      continue;
    }
    const converted = convert(definition, value);
    if (converted === undefined) {
      problems.push(`Provided value ${JSON.stringify(value)} for input '${name}' is not ${allowed(definition)}`);
    } else {
      inputs.d.push({ k: name, v: converted });
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  return inputs;
}

/** Undefined when the value is not allowed. */
function convert(definition: InputDefinition, value: unknown): ContextData | undefined {
  if (value !== undefined && !["string", "number", "boolean"].includes(typeof value)) return undefined;
  switch (definition.type) {
    case "boolean":
      if (value === undefined || value === "") return false;
      return { true: true, false: false }[String(value)];
    case "number": {
      const number = Number(value ?? 0);
      return Number.isNaN(number) ? undefined : number;
    }
    case "choice":
      return value === undefined || definition.options?.includes(String(value)) ? String(value ?? "") : undefined;
    default:
      return String(value ?? "");
  }
}

function allowed(definition: InputDefinition): string {
  return definition.type === "choice" ? `one of ${JSON.stringify(definition.options ?? [])}` : `a ${definition.type}`;
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
