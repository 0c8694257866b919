// Values of expression contexts in three forms: plain JavaScript, the wire's ContextData, and the data classes of
// @actions/expressions; and the conversions between them.
import { data } from "@actions/expressions";
import type { ContextData } from "../runner-protocol.ts";

/** A ContextData that holds named values, such as every context. */
export type DictionaryData = Extract<ContextData, { t: 2 }>;

/**
 * Plain JSON-like values to ContextData. `undefined` inside an object is left out, as JSON does; elsewhere it is null.
 * @throws TypeError for values that no context can hold (functions, bigints, symbols).
 */
export function toContextData(value: unknown): ContextData {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "object":
      if (value === null) return null;
      if (Array.isArray(value)) return { t: 1, a: value.map(toContextData) };
      return toDictionaryData(value);
    default:
      throw new TypeError(`A ${typeof value} cannot be a context value.`);
  }
}

/** The same for an object, typed as the dictionary that it becomes. */
export function toDictionaryData(value: object): DictionaryData {
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return { t: 2, d: entries.map(([k, entry]) => ({ k, v: toContextData(entry) })) };
}

/** ContextData to plain values: dictionaries become objects, arrays become arrays. */
export function fromContextData(value: ContextData): unknown {
  if (value === null || typeof value !== "object") return value;
  if (value.t === 1) return value.a.map(fromContextData);
  // fromEntries defines own properties, so a key such as __proto__ stays an ordinary key.
  return Object.fromEntries(value.d.map(({ k, v }) => [k, fromContextData(v)]));
}

/** ContextData to what the evaluator of @actions/expressions computes with. */
export function toExpressionData(value: ContextData): data.ExpressionData {
  if (value === null) return new data.Null();
  switch (typeof value) {
    case "string":
      return new data.StringData(value);
    case "number":
      return new data.NumberData(value);
    case "boolean":
      return new data.BooleanData(value);
  }
  if (value.t === 1) return new data.Array(...value.a.map(toExpressionData));
  return new data.Dictionary(...value.d.map(({ k, v }) => ({ key: k, value: toExpressionData(v) })));
}

/** What the evaluator of @actions/expressions computed, back to ContextData. */
export function fromExpressionData(value: data.ExpressionData): ContextData {
  if (value instanceof data.Array) return { t: 1, a: value.values().map(fromExpressionData) };
  if (value instanceof data.Dictionary) {
    return { t: 2, d: value.pairs().map((pair) => ({ k: pair.key, v: fromExpressionData(pair.value) })) };
  }
  return value instanceof data.Null ? null : value.value;
}

/** Text of a value as an expression inside a string gives it: null is empty, numbers have at most 15 decimals, `Array`, `Object`. */
export function contextText(value: ContextData): string {
  return toExpressionData(value).coerceString();
}
