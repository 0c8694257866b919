// The combinations of a matrix, with GitHub's rules for exclude, include and names.
// Source: src/Sdk/WorkflowParser/Conversion/{MatrixBuilder,JobNameBuilder}.cs of actions/runner; the meaning is told in
// https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
import { equals } from "@actions/expressions/result";
import type { ContextData } from "../runner-protocol.ts";
import { contextText, type DictionaryData, toExpressionData } from "./context-data.ts";

/** https://docs.github.com/en/actions/reference/limits */
const maxCombinations = 256;

export interface Combination {
  /** The matrix context. */
  matrix: DictionaryData;
  /** What the default name puts in brackets; values that an include adds to a combination are not among it. */
  segments: string[];
}

/** A matrix that GitHub would refuse. */
export class MatrixError extends Error {
  override readonly name = "MatrixError";
}

/**
 * Expands an evaluated `matrix:`; the first key varies slowest. Empty when everything is excluded.
 * @throws MatrixError
 */
export function expandMatrix(matrix: ContextData): Combination[] {
  const entries = dictionary(matrix, "matrix").d;
  const vectors = entries
    .filter(({ k }) => k !== "include" && k !== "exclude")
    .map(({ k, v }) => ({ key: k, values: array(v, `matrix vector '${k}'`) }));
  const items = (name: string) => {
    const value = entries.find(({ k }) => k === name)?.v ?? null;
    return value === null ? [] : array(value, `matrix ${name}`).map((item) => dictionary(item, `matrix ${name} item`));
  };
  const include = items("include");
  const exclude = items("exclude");
  for (const { key, values } of vectors) {
    if (values.length === 0) throw new MatrixError(`Matrix vector '${key}' does not contain any values`);
  }
  if (vectors.length === 0 && include.length === 0) throw new MatrixError("Matrix must define at least one vector");
  for (const item of exclude) {
    if (item.d.length === 0) throw new MatrixError("Matrix exclude filter must not be empty");
    for (const { k } of item.d) {
      if (vectors.some(({ key }) => sameKey(key, k))) continue;
      throw new MatrixError(`Matrix exclude key '${k}' does not match any key within the matrix`);
    }
  }

  const size = vectors.reduce((product, { values }) => product * values.length, vectors.length > 0 ? 1 : 0);
  // Excluded ones may bring it down, but a product beyond any reason is not worth building.
  if (size > maxCombinations * 100) throw tooMany(size);
  const kept = product(vectors).filter((combination) => !exclude.some((item) => matches(combination, item)));
  const combinations = includeAll(kept, include, (key) => vectors.some((vector) => sameKey(vector.key, key)));
  if (combinations.length > maxCombinations) throw tooMany(combinations.length);
  return combinations;
}

function product(vectors: { key: string; values: ContextData[] }[]): DictionaryData[] {
  if (vectors.length === 0) return [];
  return vectors.reduce<DictionaryData[]>(
    (combinations, { key, values }) =>
      combinations.flatMap(({ d }) => values.map((v): DictionaryData => ({ t: 2, d: [...d, { k: key, v }] }))),
    [{ t: 2, d: [] }],
  );
}

/** Adds each include to the combinations that agree with it in all original keys, or as a combination of its own. */
function includeAll(
  originals: DictionaryData[],
  include: DictionaryData[],
  isOriginalKey: (key: string) => boolean,
): Combination[] {
  const items = include.map((item) => {
    if (item.d.length === 0) throw new MatrixError("Matrix include mapping does not contain any values");
    const filter: DictionaryData = { t: 2, d: item.d.filter(({ k }) => isOriginalKey(k)) };
    return { filter, extra: item.d.filter(({ k }) => !isOriginalKey(k)), used: false };
  });
  const extended = originals.map((original) => {
    const extra: DictionaryData["d"] = [];
    for (const item of items) {
      if (!matches(original, item.filter)) continue;
      item.used = true;
      for (const entry of item.extra) {
        const earlier = extra.findIndex(({ k }) => sameKey(k, entry.k));
        if (earlier === -1) extra.push(entry);
        else extra[earlier] = entry;
      }
    }
    return { matrix: { t: 2, d: [...original.d, ...extra] }, segments: leaves(original) } satisfies Combination;
  });
  const added = items
    .filter((item) => !item.used)
    .map(({ filter, extra }): Combination => {
      const matrix: DictionaryData = { t: 2, d: [...filter.d, ...extra] };
      return { matrix, segments: leaves(matrix) };
    });
  return [...extended, ...added];
}

/** Whether every scalar of the filter equals, by the rules of `==`, what the value has in its place; a missing place counts as null. */
function matches(value: ContextData, filter: ContextData): boolean {
  if (filter === null || typeof filter !== "object") return equals(toExpressionData(value), toExpressionData(filter));
  const container = value !== null && typeof value === "object" ? value : undefined;
  if (filter.t === 1) {
    return filter.a.every((item, index) => matches((container?.t === 1 ? container.a[index] : null) ?? null, item));
  }
  return filter.d.every(({ k, v }) =>
    matches((container?.t === 2 ? container.d.find((entry) => sameKey(entry.k, k))?.v : null) ?? null, v),
  );
}

/** Text of all scalars inside, depth first, without empty ones. */
function leaves(value: ContextData): string[] {
  if (value !== null && typeof value === "object") {
    return value.t === 1 ? value.a.flatMap(leaves) : value.d.flatMap(({ v }) => leaves(v));
  }
  const text = contextText(value);
  return text === "" ? [] : [text];
}

function sameKey(one: string, other: string): boolean {
  return one.toUpperCase() === other.toUpperCase();
}

function dictionary(value: ContextData, what: string): DictionaryData {
  if (value !== null && typeof value === "object" && value.t === 2) return value;
  throw new MatrixError(`A mapping was expected for the ${what}`);
}

function array(value: ContextData, what: string): ContextData[] {
  if (value !== null && typeof value === "object" && value.t === 1) return value.a;
  throw new MatrixError(`A sequence was expected for the ${what}`);
}

function tooMany(count: number): MatrixError {
  return new MatrixError(`The matrix has ${count} combinations, and at most ${maxCombinations} are allowed`);
}
