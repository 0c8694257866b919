// How a job's log is shown: which steps of it, with what before each line, and how long each step took.
import type { Colours } from "../cli/colours.ts";
import { formatDuration } from "../cli/durations.ts";
import { plainText } from "../cli/text.ts";
import type { LogEvent } from "../modal/entrypoint-log.ts";
import { renderLogEvent } from "./render-log.ts";

export interface LogViewOptions {
  colours: Colours;
  /** Before each line, such as the job's name; empty for none. */
  prefix?: string;
  /** The time, in UTC, before each line. */
  timestamps?: boolean;
}

/** A function that turns one event after another into lines; undefined for what says nothing to a person. */
export function createLogView(options: LogViewOptions): (event: LogEvent) => string | undefined {
  const { colours, prefix = "", timestamps = false } = options;
  let stepBegan: string | undefined;
  const view = (event: LogEvent): string | undefined => {
    if (event.event === "step") {
      stepBegan = event.at;
      // With times before every line this one needs none of its own.
      const time = timestamps ? "" : colours.dim(`  ${clock(event.at)}`);
      return `${colours.bold(`▸ ${plainText(event.name)}`)}${time}`;
    }
    const line = renderLogEvent(event, colours);
    if (event.event !== "step-result" || stepBegan === undefined || event.result === "Skipped") return line;
    const took = colours.dim(` ${formatDuration(Date.parse(event.at) - Date.parse(stepBegan))}`);
    return line === undefined ? `${colours.green("✓")} ${plainText(event.name)}${took}` : line + took;
  };
  return (event) => {
    const line = view(event);
    if (line === undefined) return undefined;
    const time = timestamps && "at" in event && event.at !== undefined ? colours.dim(`${fullTime(event.at)} `) : "";
    return `${prefix}${time}${line}`;
  };
}

function clock(at: string): string {
  return at.slice(11, 19);
}

function fullTime(at: string): string {
  return new Date(at).toISOString();
}

/**
 * Passes only the events of some steps.
 * @param wanted numbers, counted from 1 as they run, or parts of names, whatever the case
 */
export class StepFilter {
  readonly #wanted: readonly string[];
  #isIn = false;
  /** Names of all steps so far, as they ran. */
  readonly seen: string[] = [];
  /** Whether any step was asked for. */
  hasMatched = false;

  constructor(wanted: readonly string[]) {
    this.#wanted = wanted.map((text) => text.toLowerCase());
  }

  passes(event: LogEvent): boolean {
    if (event.event === "step") {
      this.seen.push(event.name);
      this.#isIn = this.#isWanted(event.name, this.seen.length);
      this.hasMatched ||= this.#isIn;
    }
    const isIn = this.#isIn;
    if (event.event === "step-result") this.#isIn = false;
    return isIn;
  }

  #isWanted(name: string, number: number): boolean {
    return this.#wanted.some((text) =>
      /^\d+$/.test(text) ? Number(text) === number : name.toLowerCase().includes(text),
    );
  }
}
