// The files through which a step says what it set: GITHUB_ENV, GITHUB_OUTPUT, GITHUB_PATH, GITHUB_STATE and
// GITHUB_STEP_SUMMARY. Format and order: src/Runner.Worker/FileCommandManager.cs.
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StepExecution } from "./step-execution.ts";

const summaryLimit = 1024 * 1024;

/**
 * Reads `NAME=value` lines and `NAME<<delimiter` blocks.
 * @throws Error quoting the line that is neither, or the delimiter that is missing.
 */
export function parsePairs(text: string): [string, string][] {
  const pairs: [string, string][] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === "") continue;
    const match = /^(.*?)(=|<<)(.*)$/s.exec(line);
    const [, name = "", kind, rest = ""] = match ?? [];
    if (kind === "=") {
      pairs.push([name, rest]);
      continue;
    }
    if (kind !== "<<") throw new Error(`Invalid format '${line}'`);
    if (name === "" || rest === "") {
      throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`);
    }
    const end = lines.indexOf(rest, at + 1);
    if (end === -1) throw new Error(`Invalid value. Matching delimiter not found '${rest}'`);
    pairs.push([name, lines.slice(at + 1, end).join("\n")]);
    at = end;
  }
  return pairs;
}

const appliers: Record<string, (text: string, step: StepExecution) => void> = {
  path: (text, { job }) => {
    for (const entry of text.split(/\r?\n/).filter(Boolean)) {
      const known = job.path.indexOf(entry);
      if (known !== -1) job.path.splice(known, 1);
      job.path.push(entry);
    }
  },
  env: (text, { job, record }) => {
    for (const [name, value] of parsePairs(text)) {
      if (name.toUpperCase() === "NODE_OPTIONS") {
        record.error("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.");
      } else {
        job.env.set(name, value);
      }
    }
  },
  step_summary: (text, { job, record }) => {
    const size = Buffer.byteLength(text);
    if (size > summaryLimit) {
      record.error(
        `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of ${summaryLimit / 1024}k, ` +
          `got ${Math.floor(size / 1024)}k. For more information see: ` +
          "https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-markdown-summary",
      );
    } else if (size > 0) {
      job.results.summary(record.id, job.sink.masker.mask(text));
    }
  },
  // Only actions with a post step could read it again.
  state: (text) => void parsePairs(text),
  output: (text, step) => {
    for (const [name, value] of parsePairs(text)) step.setOutput(name, value);
  },
};

export class FileCommands {
  readonly #paths: [string, string][];

  /** Makes empty files and names them in the `github` context, from where they reach the environment. */
  constructor(step: StepExecution) {
    const directory = join(step.job.temporary, "_runner_file_commands");
    mkdirSync(directory, { recursive: true });
    const suffix = randomUUID();
    this.#paths = Object.keys(appliers).map((kind) => [kind, join(directory, `${kind}_${suffix}`)]);
    for (const [kind, path] of this.#paths) {
      writeFileSync(path, "");
      step.job.github.set(kind, path);
    }
  }

  /** Applies what the step wrote; a file that cannot be read as it should be fails the step. */
  apply(step: StepExecution): void {
    for (const [kind, path] of this.#paths) {
      try {
        if (existsSync(path)) appliers[kind]!(readFileSync(path, "utf8"), step);
      } catch (error) {
        step.record.error(`Unable to process file command '${kind}' successfully.`);
        step.record.error(error instanceof Error ? error.message : String(error));
        step.commandFailed = true;
      }
    }
  }
}
