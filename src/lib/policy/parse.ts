// Reads the text of a policy file. Every fault is reported at once, each with its line and column.
import { type Document, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { knownKeys } from "./json-schema.ts";
import { locate } from "./locate.ts";
import { suggestion } from "./nearest.ts";
import { type Policy, policySchema } from "./schema.ts";
import { findWarnings } from "./warnings.ts";

/** One fault of a policy file, or a warning; line and column count from 1. */
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
    super(faults.map((fault) => writeFault(source, fault)).join("\n"));
    this.name = "PolicyError";
    this.faults = faults;
  }
}

/** A line such as `modal-gha.yaml:6:5 pools[0].gpu: ...`, which editors and terminals make a link of. */
export function writeFault(source: string, { line, column, path, message }: PolicyFault): string {
  return `${source}:${line}:${column} ${path ? `${path}: ` : ""}${message}`;
}

export interface CheckedPolicy {
  policy: Policy;
  /** What is allowed and yet probably a mistake. */
  warnings: PolicyFault[];
}

/**
 * Parses and checks a policy.
 * @param text YAML
 * @param source name of the file, for messages
 * @throws PolicyError naming line and column of every fault
 */
export function parsePolicy(text: string, source = "modal-gha.yaml"): Policy {
  return checkPolicy(text, source).policy;
}

/**
 * Parses and checks a policy, and says what is allowed in it and yet probably a mistake.
 * @throws PolicyError as parsePolicy does
 */
export function checkPolicy(text: string, source = "modal-gha.yaml"): CheckedPolicy {
  const lines = new LineCounter();
  const { document, value } = read(text, source, lines);
  const at = (path: PropertyKey[], message: string): PolicyFault => {
    const { line, col } = lines.linePos(locate(document, path));
    return { line, column: col, path: writePath(path), message };
  };
  const checked = policySchema.safeParse(value, { error: explainIssue });
  if (!checked.success) {
    const faults = checked.error.issues.flatMap((issue) => {
      if (issue.code !== "unrecognized_keys") return [at(issue.path, issue.message)];
      const known = knownKeys(issue.path);
      return issue.keys.map((key) => at([...issue.path, key], `there is no such key${suggestion(key, known)}`));
    });
    throw new PolicyError(source, inOrder(faults));
  }
  const warnings = findWarnings(checked.data).map(({ path, message }) => at(path, message));
  const ofYaml = document.warnings.map(({ message, pos }) => {
    const { line, col } = lines.linePos(pos[0]);
    return { line, column: col, path: "", message: firstLine(message) };
  });
  return { policy: checked.data, warnings: inOrder([...ofYaml, ...warnings]) };
}

/** The document, and what it says in plain values. */
function read(text: string, source: string, lineCounter: LineCounter): { document: Document.Parsed; value: unknown } {
  const whole = (message: string) => new PolicyError(source, [{ line: 1, column: 1, path: "", message }]);
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter, logLevel: "error" });
  } catch {
    // The parser is recursive: brackets by the thousand are more than its stack takes.
    throw whole("this cannot be read as YAML; it may be nested too deeply");
  }
  if (document.errors.length > 0) {
    const faults = document.errors.map((error) => {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      return { line, column: col, path: "", message: firstLine(error.message) };
    });
    throw new PolicyError(source, faults);
  }
  try {
    return { document, value: document.toJS() ?? {} };
  } catch (error) {
    // An alias without an anchor, or aliases of aliases by the thousand.
    throw whole(firstLine(error instanceof Error ? error.message : String(error)));
  }
}

const article: Partial<Record<string, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  array: "a list, such as [a, b]",
  object: "keys with values",
  record: "keys with values",
};

/** Words for what the schema has none for. */
function explainIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "invalid_type") return undefined;
  if (issue.input === undefined) return "this is missing";
  const expected = article[issue.expected] ?? issue.expected;
  if (issue.expected === "string" && ["number", "boolean"].includes(typeof issue.input)) {
    return `write ${expected}, in quotes: "${String(issue.input)}"`;
  }
  return `write ${expected}`;
}

/** YAML's messages go on with a place, which we tell in our own way, and a picture of it. */
function firstLine(message: string): string {
  return (message.split(/ at line \d|\n/)[0] ?? "").trim().replace(/:$/, "");
}

function inOrder(faults: PolicyFault[]): PolicyFault[] {
  return faults.sort((a, b) => a.line - b.line || a.column - b.column);
}

function writePath(path: PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`))
    .join("");
}
