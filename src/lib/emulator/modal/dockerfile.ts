// The part of the Dockerfile language that decides how a container is started: ENV, ARG, WORKDIR, ENTRYPOINT and CMD,
// over stages and base images. What builds files (RUN, COPY, ...) is read over.
// Source: https://docs.docker.com/reference/dockerfile/
import { expandWord, splitWords } from "./dockerfile-words.ts";

/** Kept unexpanded, since $PATH is known only when a Sandbox starts. */
export type Instruction =
  | { type: "FROM" }
  | { type: "ENV"; pairs: [name: string, word: string][] }
  | { type: "ARG"; name: string; word: string | undefined }
  | { type: "WORKDIR"; word: string }
  | { type: "ENTRYPOINT" | "CMD"; command: string[] };

export interface StartConfiguration {
  env: Record<string, string>;
  workdir: string | undefined;
  entrypoint: string[];
  cmd: string[];
}

/** Splits text into instructions: comments gone, continued lines joined, heredocs skipped. */
function logicalLines(text: string): string[] {
  const result: string[] = [];
  let open = "";
  let heredoc: string | undefined;
  for (const line of text.split("\n")) {
    if (heredoc !== undefined) {
      if (line.trim() === heredoc) heredoc = undefined;
    } else if (line.trimStart().startsWith("#")) {
      // A comment, between the lines of an instruction as well.
    } else if (/\\\s*$/.test(line)) {
      open += line.replace(/\\\s*$/, "");
    } else {
      const whole = (open + line).trim();
      open = "";
      if (whole !== "") result.push(whole);
      heredoc = /^(?:RUN|COPY|ADD)\b.*<<-?["']?(\w+)["']?/i.exec(whole)?.[1];
    }
  }
  return open.trim() === "" ? result : [...result, open.trim()];
}

function commandOf(rest: string): string[] {
  try {
    const parsed: unknown = JSON.parse(rest);
    if (Array.isArray(parsed) && parsed.every((part) => typeof part === "string")) return parsed;
  } catch {
    // Not the exec form.
  }
  return ["/bin/sh", "-c", rest];
}

function environmentPairs(rest: string): [string, string][] {
  const words = splitWords(rest);
  // The old form, `ENV name the whole rest`.
  if (!words[0]?.includes("=")) return [[words[0] ?? "", rest.slice(words[0]?.length ?? 0).trim()]];
  return words.map((word) => {
    const at = word.indexOf("=");
    return at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
  });
}

function instructionOf(keyword: string, rest: string, buildArgs: Record<string, string>): Instruction | undefined {
  switch (keyword) {
    case "ENV":
      return { type: "ENV", pairs: environmentPairs(rest) };
    case "ARG": {
      const [name = "", word] = environmentPairs(rest)[0] ?? [];
      return { type: "ARG", name, word: buildArgs[name] ?? word };
    }
    case "WORKDIR":
      return { type: "WORKDIR", word: rest };
    case "ENTRYPOINT":
    case "CMD":
      return { type: keyword, command: commandOf(rest) };
    default:
      return undefined;
  }
}

/**
 * The instructions of a Dockerfile's last stage, with those of the image that it starts from before them.
 * @param base the instructions of an image that FROM names, or undefined for one that only a registry knows.
 */
export function parseDockerfile(
  text: string,
  base: (name: string) => readonly Instruction[] | undefined,
  buildArgs: Record<string, string> = {},
): Instruction[] {
  const stages = new Map<string, Instruction[]>();
  let stage: Instruction[] = [];
  for (const line of logicalLines(text)) {
    const [, keyword = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
    if (keyword.toUpperCase() === "FROM") {
      const [image = "", , name] = rest.split(/\s+/).filter((word) => !word.startsWith("--"));
      stage = [...(stages.get(image.toLowerCase()) ?? base(image) ?? []), { type: "FROM" }];
      if (name) stages.set(name.toLowerCase(), stage);
    } else {
      const instruction = instructionOf(keyword.toUpperCase(), rest, buildArgs);
      if (instruction) stage.push(instruction);
    }
  }
  return stage;
}

/** Plays the instructions over the environment of the host, as docker does at build and start. */
export function applyInstructions(
  instructions: readonly Instruction[],
  inherited: Record<string, string>,
): StartConfiguration {
  const configuration: StartConfiguration = { env: { ...inherited }, workdir: undefined, entrypoint: [], cmd: [] };
  let args: Record<string, string> = {};
  let ownCmd = false;
  for (const instruction of instructions) {
    const variables = { ...args, ...configuration.env };
    switch (instruction.type) {
      case "FROM":
        args = {};
        ownCmd = false;
        break;
      case "ENV":
        for (const [name, word] of instruction.pairs) configuration.env[name] = expandWord(word, variables);
        break;
      case "ARG":
        if (instruction.word !== undefined) args[instruction.name] = expandWord(instruction.word, variables);
        break;
      case "WORKDIR": {
        const word = expandWord(instruction.word, variables);
        configuration.workdir = word.startsWith("/") ? word : `${configuration.workdir ?? ""}/${word}`;
        break;
      }
      case "ENTRYPOINT":
        configuration.entrypoint = instruction.command;
        // A new ENTRYPOINT makes the CMD of the base image void.
        if (!ownCmd) configuration.cmd = [];
        break;
      case "CMD":
        configuration.cmd = instruction.command;
        ownCmd = true;
        break;
    }
  }
  return configuration;
}
