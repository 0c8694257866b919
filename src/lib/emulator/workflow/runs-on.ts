// Which runners a job asks for.
// Source: ConvertToRunsOn in src/Sdk/WorkflowParser/Conversion/WorkflowTemplateConverter.cs of actions/runner.
import type { ContextData, TemplateToken } from "../runner-protocol.ts";
import { contextText } from "./context-data.ts";
import { evaluateToken, type Scope } from "./expressions.ts";

/** A `runs-on:` that GitHub would refuse. */
export class RunsOnError extends Error {
  override readonly name = "RunsOnError";
}

/**
 * Evaluates `runs-on:` in any of its forms: a label, a list of labels, or a mapping of group and labels. Absent, as in
 * a job that calls a workflow, it gives no labels.
 * @throws RunsOnError
 * @throws ExpressionError
 */
export function readRunsOn(token: TemplateToken | undefined, scope: Scope): { labels: string[]; group?: string } {
  if (token === undefined) return { labels: [] };
  const value = evaluateToken(token, scope);
  if (value === null || typeof value !== "object" || value.t === 1) return { labels: labelsOf(value) };
  const group = value.d.find(({ k }) => k === "group")?.v ?? null;
  const labels = value.d.find(({ k }) => k === "labels")?.v;
  if (group !== null && typeof group === "object") throw new RunsOnError("The name of a runner group must be text");
  return {
    labels: labels === undefined ? [] : labelsOf(labels),
    ...(group !== null && { group: contextText(group) }),
  };
}

function labelsOf(value: ContextData): string[] {
  const items = value !== null && typeof value === "object" && value.t === 1 ? value.a : [value];
  const labels = items.map((item) => {
    const text = item !== null && typeof item === "object" ? "" : contextText(item);
    if (text === "") throw new RunsOnError(`A label must be text that is not empty, but is ${JSON.stringify(item)}`);
    return text;
  });
  // Labels are a set, whatever their case.
  return labels.filter((label, index) => labels.findIndex((other) => sameLabel(other, label)) === index);
}

function sameLabel(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
