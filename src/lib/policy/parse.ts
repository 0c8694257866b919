// Reads the text of a policy file. Every fault is reported at once, each with its line and column.
import { isCollection, isPair, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { type Policy, policySchema } from "./schema.ts";

/** One fault of a policy file; line and column count from 1. */
export interface PolicyFault {
  line: number;
  column: number;
  /** Where in the document, such as `pools[0].gpu`; empty for the whole. */
  path: string;
  message: string;
}

/** A policy file that cannot be used. */
export class PolicyError extends Error {
  readonly faults: PolicyFault[];
  /** @param source name of the file, for the message */
  constructor(source: string, faults: PolicyFault[]) {
    const lines = faults.map((f) => `${source}:${f.line}:${f.column} ${f.path ? `${f.path}: ` : ""}${f.message}`);
    super(lines.join("\n"));
    this.name = "PolicyError";
    this.faults = faults;
  }
}

/**
 * Parses and checks a policy.
 * @param text YAML
 * @param source name of the file, for messages
 * @throws PolicyError naming line and column of every fault
 */
export function parsePolicy(text: string, source = "modal-gha.yaml"): Policy {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  if (document.errors.length > 0) {
    throw new PolicyError(
      source,
      document.errors.map((error) => {
        const { line, col } = lineCounter.linePos(error.pos[0]);
        return { line, column: col, path: "", message: (error.message.split(" at line ")[0] ?? "").trim() };
      }),
    );
  }
  const checked = policySchema.safeParse(document.toJS() ?? {});
  if (checked.success) return checked.data;
  throw new PolicyError(
    source,
    checked.error.issues.flatMap((issue) => faultsOf(issue)),
  );

  function faultsOf(issue: z.core.$ZodIssue): PolicyFault[] {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => fault([...issue.path, key], "there is no such key; see the policy reference"));
    }
    return [fault(issue.path, issue.message)];
  }

  function fault(path: PropertyKey[], message: string): PolicyFault {
    const { line, col } = lineCounter.linePos(offsetOf(path));
    return { line, column: col, path: writePath(path), message };
  }

  /** Offset of the key at a path, or of its nearest parent that is in the file. */
  function offsetOf(path: PropertyKey[]): number {
    let node = document.contents as Node | null;
    let offset = node?.range?.[0] ?? 0;
    for (const step of path) {
      if (!isCollection(node)) break;
      const item = node.items.find((entry, index) =>
        isPair(entry) ? String((entry.key as { value?: unknown }).value) === String(step) : index === step,
      );
      if (item === undefined) break;
      const position = (isPair(item) ? item.key : item) as Node;
      offset = position.range?.[0] ?? offset;
      node = (isPair(item) ? item.value : item) as Node | null;
    }
    return offset;
  }
}

function writePath(path: PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`))
    .join("");
}
