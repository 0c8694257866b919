// Workflow commands that a step prints: `::name key=value::data` and the older `##[name key=value]data`.
// Syntax: src/Runner.Common/ActionCommand.cs; effects: src/Runner.Worker/ActionCommandManager.cs.
import { relative, resolve } from "node:path";
import type { StepExecution } from "./step-execution.ts";

export interface Command {
  name: string;
  properties: Map<string, string>;
  data: string;
}

const decode = (text: string, codes: Record<string, string>): string =>
  text.replace(/%(?:0D|0A|25|3A|2C|3B|5D)/g, (code) => codes[code] ?? code);
const dataCodes = { "%0D": "\r", "%0A": "\n", "%25": "%" };
const propertyCodes = { ...dataCodes, "%3A": ":", "%2C": "," };
const bracketCodes = { ...dataCodes, "%3B": ";", "%5D": "]" };

/** Reads a line as a command if it is one of those that `isKnown`; undefined for any other line. */
export function parseCommand(line: string, isKnown: (name: string) => boolean): Command | undefined {
  const colons = /^\s*::(\S*?)(?: (.*?))?::(.*)$/s.exec(line);
  const brackets = colons && isKnown(colons[1]!) ? null : /##\[(\S*?)(?: (.*?))?\](.*)$/s.exec(line);
  const match = brackets ?? colons;
  if (!match || !isKnown(match[1]!)) return undefined;
  const codes = brackets ? bracketCodes : propertyCodes;
  const properties = new Map<string, string>();
  for (const pair of (match[2] ?? "").trim().split(brackets ? ";" : ",")) {
    const at = pair.indexOf("=");
    if (at > 0 && at < pair.length - 1) properties.set(pair.slice(0, at), decode(pair.slice(at + 1), codes));
  }
  return { name: match[1]!, properties, data: decode(match[3]!, brackets ? bracketCodes : dataCodes) };
}

function deprecated(name: string): string {
  return (
    `The \`${name}\` command is deprecated and will be disabled soon. Please upgrade to using Environment Files. For more ` +
    "information see: https://github.blog/changelog/2022-10-11-github-actions-deprecating-save-state-and-set-output-commands/"
  );
}

function disabled(name: string): string {
  return (
    `The \`${name}\` command is disabled. Please upgrade to using Environment Files or opt into unsecure command execution by ` +
    "setting the `ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`. For more information see: " +
    "https://github.blog/changelog/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/"
  );
}

function issue(command: Command, step: StepExecution): void {
  const file = command.properties.get("file");
  const line = Number.parseInt(command.properties.get("line") ?? command.properties.get("endLine") ?? "", 10);
  const title = command.properties.get("title");
  const { workspace } = step.job;
  const inside = file === undefined ? undefined : relative(workspace, resolve(workspace, file));
  step.record.issue(command.name as "error" | "warning" | "notice", command.data, {
    ...(file === undefined ? {} : { path: inside?.startsWith("..") ? file : inside! }),
    ...(Number.isNaN(line) ? {} : { startLine: line }),
    ...(title === undefined ? {} : { title }),
  });
}

type Handler = (command: Command, step: StepExecution) => void;

/** Throwing fails the step, with the error in its log. Problem matchers are read and have no effect here. */
const handlers: Record<string, Handler> = {
  "add-mask": (command, { job, record }) => {
    if (command.data.trim() === "") record.warning("Can't add secret mask for empty string in ##[add-mask] command.");
    else job.sink.masker.add(command.data);
  },
  debug: (command, { record }) => record.debug(command.data),
  error: issue,
  warning: issue,
  notice: issue,
  group: (command, { record }) => record.output(`##[group]${command.data}`),
  endgroup: (_command, { record }) => record.output("##[endgroup]"),
  echo: (command, step) => {
    const value = command.data.trim().toLowerCase();
    if (value !== "on" && value !== "off") {
      throw new Error(
        `Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '${command.data}'.`,
      );
    }
    step.echoCommands = value === "on";
  },
  "set-output": (command, step) => {
    step.record.warning(deprecated(command.name));
    const name = command.properties.get("name");
    if (!name) throw new Error("Required field 'name' is missing in ##[set-output] command.");
    step.setOutput(name, command.data);
  },
  "save-state": (command, { record }) => record.warning(deprecated(command.name)),
  "set-env": (command) => {
    throw new Error(disabled(command.name));
  },
  "add-path": (command) => {
    throw new Error(disabled(command.name));
  },
  "add-matcher": () => {},
  "remove-matcher": () => {},
};
const silent = new Set(["add-mask", "debug", "error", "warning", "notice"]);

/** Takes the lines that a job prints and acts on the commands among them. */
export class CommandProcessor {
  #stopToken: string | undefined;

  /** @returns whether the line was a command; if not it is plain output. */
  process(line: string, step: StepExecution): boolean {
    const command = parseCommand(
      line,
      (name) => name === "stop-commands" || name === this.#stopToken || name in handlers,
    );
    if (!command) return false;
    if (this.#stopToken !== undefined) {
      if (command.name !== this.#stopToken) return false;
      this.#stopToken = undefined;
      step.record.output(line);
      return true;
    }
    try {
      if (command.name === "stop-commands") this.#stop(line, command, step);
      else {
        if (step.echoCommands && !silent.has(command.name)) step.record.output(line);
        handlers[command.name]!(command, step);
      }
    } catch (error) {
      const shown = silent.has(command.name) ? command.name : line;
      step.record.error(`Unable to process command '${shown}' successfully.`);
      step.record.error(error instanceof Error ? error.message : String(error));
      step.commandFailed = true;
    }
    return true;
  }

  #stop(line: string, command: Command, step: StepExecution): void {
    const token = command.data;
    if (token === "" || token === "pause-logging" || token === "stop-commands" || token in handlers) {
      throw new Error(`The stop token '${token}' is empty or the name of a command.`);
    }
    this.#stopToken = token;
    // Whoever sees the token could switch commands on again.
    if (token.length > 6) step.job.sink.masker.add(token);
    step.record.output(line);
  }
}
