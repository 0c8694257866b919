// What the runner prints: lines for people, and, when the environment asks for it, its trace on the same stream.
// Shapes: src/Runner.Common/{Terminal,StdoutTraceListener,TraceSetting}.cs of actions/runner.
import type { Writable } from "node:stream";
import type { Masker } from "./masker.ts";

type TraceHost = "RUNNER" | "WORKER";
export type TraceLevel = "ERR " | "WARN" | "INFO" | "VERB";

/** `2026-11-23 17:39:00Z`, .NET's format "u". */
export function universalTime(date = new Date()): string {
  return `${date.toISOString().slice(0, 19).replace("T", " ")}Z`;
}

export interface TerminalOptions {
  out: Writable;
  error: Writable;
  masker: Masker;
  /** ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT and GITHUB_ACTIONS_RUNNER_TRACE are read from here. */
  environment: NodeJS.ProcessEnv;
}

export class Terminal {
  readonly #out: Writable;
  readonly #error: Writable;
  readonly #masker: Masker;
  readonly #echo: boolean;
  readonly #verbose: boolean;

  constructor({ out, error, masker, environment }: TerminalOptions) {
    this.#out = out;
    this.#error = error;
    this.#masker = masker;
    this.#echo = /^(1|true|\$true)$/i.test(environment["ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT"] ?? "");
    this.#verbose = (environment["GITHUB_ACTIONS_RUNNER_TRACE"] ?? "") !== "";
  }

  line(text = ""): void {
    this.trace("RUNNER", "INFO", "Terminal", `WRITE LINE: ${text}`);
    this.#out.write(`${text}\n`);
  }

  success(text: string): void {
    this.#out.write(`√ ${text}\n`);
  }

  error(text: string): void {
    this.trace("RUNNER", "ERR ", "Terminal", `WRITE ERROR: ${text}`);
    this.#error.write(`${text}\n`);
  }

  /** One trace record; each of its lines carries the header. The worker's are what makes a running job's steps visible. */
  trace(host: TraceHost, level: TraceLevel, source: string, message: string): void {
    if (!this.#echo || (level === "VERB" && !this.#verbose)) return;
    const header = `[${host} ${universalTime()} ${level} ${source}] `;
    const lines = this.#masker.mask(message).split("\n");
    this.#out.write(lines.map((line) => `${header}${line}\n`).join(""));
  }
}
