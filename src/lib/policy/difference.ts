// Compares two policies: the operator's file with what is deployed.

/** A value that one policy has and the other has not, or has another of; undefined where there is none. */
export interface Difference {
  /** Where, such as `limits.maxRunners` or `pools[gpu].cpu`. Pools go by their names. */
  path: string;
  local: unknown;
  deployed: unknown;
}

/**
 * A policy as text that is the same for the same policy: keys sorted, nothing that is undefined. What was a comment, an
 * order of keys or a default written out makes no difference.
 */
export function canonicalText(policy: unknown): string {
  const text = JSON.stringify(policy, (_, value: unknown) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
  return text ?? "";
}

/**
 * Where two policies differ; empty if and only if their canonical texts are the same. The deployed one may be of another
 * version of this program, so anything is taken for it.
 */
export function diffPolicies(local: object, deployed: object): Difference[] {
  return compare("", local, deployed);
}

function compare(path: string, local: unknown, deployed: unknown): Difference[] {
  const [ours, theirs] = [entriesOf(local), entriesOf(deployed)];
  if (ours === undefined || theirs === undefined || ours.isList !== theirs.isList) {
    return canonicalText(local) === canonicalText(deployed) ? [] : [{ path, local, deployed }];
  }
  const at = (key: string) => (ours.isList ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
  const keys = new Set([...ours.entries.keys(), ...theirs.entries.keys()]);
  const found = [...keys].flatMap((key) => compare(at(key), ours.entries.get(key), theirs.entries.get(key)));
  if (!ours.isList) return found;
  // The order of pools decides which of two serves a job that both could.
  const [localOrder, deployedOrder] = [[...ours.entries.keys()], [...theirs.entries.keys()]];
  const isMoved =
    canonicalText(localOrder.filter((key) => theirs.entries.has(key))) !==
    canonicalText(deployedOrder.filter((key) => ours.entries.has(key)));
  return isMoved ? [...found, { path: `${path} (order)`, local: localOrder, deployed: deployedOrder }] : found;
}

/** What a value holds, by key; of a list, by the names of its entries, if each has one of its own. */
function entriesOf(value: unknown): { isList: boolean; entries: Map<string, unknown> } | undefined {
  if (isRecord(value)) return { isList: false, entries: new Map(Object.entries(value)) };
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const entries = new Map<string, unknown>();
  for (const entry of value)
    if (isRecord(entry) && typeof entry["name"] === "string") entries.set(entry["name"], entry);
  return entries.size === value.length ? { isList: true, entries } : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
