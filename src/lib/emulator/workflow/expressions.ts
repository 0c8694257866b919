// Evaluation of expressions and of template tokens that hold them, with GitHub's own lexer, parser and evaluator.
// Callers say what is in scope: the contexts, and the functions whose meaning depends on where the expression stands.
import { Evaluator, data as expressionData, Lexer, Parser } from "@actions/expressions";
import { type Token, TokenType } from "@actions/expressions/lexer";
import { truthy } from "@actions/expressions/result";
import type { ContextData, TemplateToken } from "../runner-protocol.ts";
import { contextText, type DictionaryData, fromExpressionData, toExpressionData } from "./context-data.ts";

type MappingEntries = Extract<TemplateToken, { type: 2 }>["map"];

/** What an expression may refer to. Names of contexts and functions match without regard to case. */
export interface Scope {
  contexts: Record<string, ContextData>;
  /** Beside the built-in ones: success, failure, always, cancelled, hashFiles as far as the place allows them. */
  functions?: Record<string, ScopeFunction>;
}

/** Arguments come evaluated. */
export type ScopeFunction = (args: ContextData[]) => ContextData;

/** An expression that cannot be parsed or evaluated; the message quotes it. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  readonly expression: string;

  constructor(expression: string, problem: string, options?: ErrorOptions) {
    super(`${problem} (in the expression: ${expression})`, options);
    this.expression = expression;
  }
}

/**
 * Contexts that an expression may name even where they hold nothing: they are null then, as in the runner
 * (src/Sdk/DTPipelines/Pipelines/ObjectTemplating/PipelineTemplateEvaluator.cs).
 */
const knownContexts = [
  "env",
  "github",
  "inputs",
  "job",
  "matrix",
  "needs",
  "runner",
  "secrets",
  "steps",
  "strategy",
  "vars",
];

/** Least and greatest number of arguments, from `context` of job-if, step-if and step-env in workflow-v1.0.json. */
const arities: Record<string, [number, number]> = {
  always: [0, 0],
  cancelled: [0, 0],
  success: [0, 255],
  failure: [0, 255],
  hashfiles: [1, 255],
};

/**
 * Evaluates an expression, given without `${{ }}`. A missing key gives null.
 * @throws ExpressionError when it cannot be parsed, names an unknown context or function, or a function fails.
 */
export function evaluateExpression(expression: string, scope: Scope): ContextData {
  return fromExpressionData(evaluate(expression, scope));
}

/**
 * Evaluates the text of an `if:` (without `${{ }}`, and already wrapped in `success() && (…)` where that applies) to
 * GitHub's truthiness: false, 0, NaN, "" and null are false.
 * @throws ExpressionError
 */
export function evaluateCondition(condition: string, scope: Scope): boolean {
  return truthy(evaluate(condition, scope));
}

/**
 * Evaluates a piece of a workflow file: expressions give their values, mappings dictionaries (with `${{ insert }}`
 * merged in place), sequences arrays (an item that is an expression with an array for its value is spliced in).
 * Source: src/Sdk/DTObjectTemplating/ObjectTemplating/TemplateUnraveler.cs.
 * @throws ExpressionError also for keys that differ in case alone
 */
export function evaluateToken(token: TemplateToken, scope: Scope): ContextData {
  if (token === null || typeof token !== "object") return token;
  switch (token.type) {
    case 0:
      return token.lit;
    case 1:
      return { t: 1, a: token.seq.flatMap((item) => evaluateItem(item, scope)) };
    case 2:
      return evaluateEntries(token.map, scope);
    case 3:
      return evaluateExpression(token.expr, scope);
    case 4:
      throw new ExpressionError("insert", "The directive 'insert' stands where it is not the key of a mapping");
    case 5:
      return token.bool;
    case 6:
      return token.num;
    case 7:
      return null;
  }
}

/** Evaluates to text, as GitHub turns any value into a string; an absent token gives "". @throws ExpressionError */
export function evaluateText(token: TemplateToken | undefined, scope: Scope): string {
  return token === undefined ? "" : contextText(evaluateToken(token, scope));
}

/**
 * Evaluates a mapping such as `env:`, `with:` or `outputs:` to text by key, in the order of the file; absent or null gives an empty map.
 * @throws ExpressionError when it is no mapping, or a value is a mapping or a sequence.
 */
export function evaluateMapping(token: TemplateToken | undefined, scope: Scope): Map<string, string> {
  const value = token === undefined ? null : evaluateToken(token, scope);
  if (value === null) return new Map();
  if (typeof value !== "object" || value.t !== 2) throw mismatch(token, "A mapping was expected");
  return new Map(
    value.d.map(({ k, v }) => {
      if (v !== null && typeof v === "object") throw mismatch(token, `A scalar was expected for '${k}'`);
      return [k, contextText(v)];
    }),
  );
}

/** Evaluates `continue-on-error:` and the like; absent or null gives the fallback. @throws ExpressionError unless it is a boolean. */
export function evaluateBoolean(token: TemplateToken | undefined, scope: Scope, fallback: boolean): boolean {
  const value = token === undefined ? null : evaluateToken(token, scope);
  if (value === null) return fallback;
  if (typeof value !== "boolean") throw mismatch(token, "A boolean was expected");
  return value;
}

/** Evaluates `timeout-minutes:` and the like; absent or null gives the fallback. @throws ExpressionError unless it is a number. */
export function evaluateNumber(token: TemplateToken | undefined, scope: Scope, fallback: number): number {
  const value = token === undefined ? null : evaluateToken(token, scope);
  if (value === null) return fallback;
  if (typeof value !== "number") throw mismatch(token, "A number was expected");
  return value;
}

function evaluate(expression: string, scope: Scope): expressionData.ExpressionData {
  const functions = Object.entries(scope.functions ?? {}).map(([name, call]) => {
    const [minArgs, maxArgs] = arities[name.toLowerCase()] ?? [0, 255];
    return {
      name: name.toLowerCase(),
      minArgs,
      maxArgs,
      call: (...args: expressionData.ExpressionData[]) => toExpressionData(call(args.map(fromExpressionData))),
    };
  });
  const contexts = new expressionData.Dictionary();
  for (const [name, value] of Object.entries(scope.contexts)) contexts.add(name, toExpressionData(value));
  for (const name of knownContexts) contexts.add(name, new expressionData.Null());
  try {
    const tokens = new Lexer(expression).lex().tokens.map(withWholeText);
    const names = contexts.pairs().map((pair) => pair.key);
    const tree = new Parser(tokens, names, functions).parse();
    // An empty expression has no tree.
    if (!tree) return new expressionData.Null();
    return new Evaluator(tree, contexts, new Map(functions.map((entry) => [entry.name, entry]))).evaluate();
  } catch (cause) {
    throw new ExpressionError(expression, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** The lexer undoes only the first `''` of a literal, which would spoil every script with two quotes and an expression. */
function withWholeText(token: Token): Token {
  if (token.type !== TokenType.STRING) return token;
  return { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") };
}

function evaluateItem(item: TemplateToken, scope: Scope): ContextData[] {
  const value = evaluateToken(item, scope);
  const isExpression = item !== null && typeof item === "object" && item.type === 3;
  return isExpression && value !== null && typeof value === "object" && value.t === 1 ? value.a : [value];
}

function evaluateEntries(entries: MappingEntries, scope: Scope): DictionaryData {
  const found: DictionaryData = { t: 2, d: [] };
  const seen = new Set<string>();
  const add = (k: string, v: ContextData) => {
    if (seen.has(k.toUpperCase())) throw new ExpressionError(k, `'${k}' is already defined`);
    seen.add(k.toUpperCase());
    found.d.push({ k, v });
  };
  for (const { Key, Value } of entries) {
    const value = evaluateToken(Value, scope);
    if (Key !== null && typeof Key === "object" && Key.type === 4) {
      if (value === null || typeof value !== "object" || value.t !== 2) throw mismatch(Value, "A mapping was expected");
      for (const { k, v } of value.d) add(k, v);
    } else {
      add(evaluateText(Key, scope), value);
    }
  }
  return found;
}

function mismatch(token: TemplateToken | undefined, problem: string): ExpressionError {
  const isExpression = token !== null && typeof token === "object" && token.type === 3;
  return new ExpressionError(isExpression ? token.expr : JSON.stringify(token), problem);
}
