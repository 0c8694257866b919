// Finds where in a YAML document something is said.
import { type Document, isAlias, isCollection, isMap, isNode, isPair, isScalar, type Node } from "yaml";

/** Offset in the text of the key at a path, or of its nearest parent that is in the document. */
export function locate(document: Document.Parsed, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isCollection(node)) break;
    const items: unknown[] = node.items;
    const item = isMap(node)
      ? (items.find((entry) => keyOf(entry) === String(step)) ??
        items.find((entry) => keyOf(entry)?.toLowerCase() === String(step).toLowerCase()))
      : items[Number(step)];
    if (item === undefined) break;
    offset = offsetOf(isPair(item) ? item.key : item) ?? offset;
    node = isPair(item) ? item.value : item;
  }
  return offset;
}

function keyOf(entry: unknown): string | undefined {
  return isPair(entry) && isScalar(entry.key) ? String(entry.key.value) : undefined;
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
