// Reads a Dockerfile into its instructions, each with the line it begins on.
// Source: https://docs.docker.com/reference/dockerfile/

export interface Instruction {
  /** In capitals. */
  keyword: string;
  /** What follows it, continued lines joined. */
  rest: string;
  /** Of its beginning; the first is 1. */
  line: number;
  /** As they are written, a heredoc's included. */
  lines: string[];
}

export interface DockerfileFault {
  line: number;
  message: string;
}

export class DockerfileError extends Error {
  override name = "DockerfileError";
  readonly faults: readonly DockerfileFault[];

  constructor(file: string, faults: readonly DockerfileFault[]) {
    super(faults.map(({ line, message }) => `${file}:${line}: ${message}`).join("\n"));
    this.faults = faults;
  }
}

/** At the beginning of a word, as BuildKit has it: `<<<` and `1<<n` are none. */
const heredocs = /(?<=^|\s)\d*<<-?(?:"([^"]+)"|'([^']+)'|([A-Za-z_]\w*))/g;

/**
 * Comments and empty lines between instructions are left out.
 * @param file named in the error
 * @throws DockerfileError when the last instruction has no end
 */
export function parseDockerfile(text: string, file: string): Instruction[] {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const instructions: Instruction[] = [];
  let at = 0;
  while (at < lines.length) {
    const start = at;
    if (isEmptyOrComment(lines[at]!)) {
      at++;
      continue;
    }
    const own: string[] = [];
    let whole = "";
    for (let isOpen = true; isOpen; at++) {
      const line = lines[at];
      if (line === undefined) throw endless(file, start, "ends in a backslash, and nothing follows");
      // Between continued lines, both mean nothing.
      if (own.length > 0 && isEmptyOrComment(line)) continue;
      own.push(line);
      isOpen = /\\\s*$/.test(line);
      whole += isOpen ? line.replace(/\\\s*$/, "") : line;
    }
    const [, keyword = "", rest = ""] = /^\s*(\S+)\s*([\s\S]*)$/.exec(whole) ?? [];
    const name = keyword.toUpperCase();
    const ends = ["RUN", "COPY", "ADD"].includes(name) ? [...whole.matchAll(heredocs)] : [];
    for (const [, ...words] of ends) {
      const end = words.find((word) => word !== undefined);
      for (let isOpen = true; isOpen; at++) {
        const line = lines[at];
        if (line === undefined) throw endless(file, start, `has a heredoc without its end, ${end}`);
        own.push(line);
        isOpen = line.replace(/^\t+/, "") !== end;
      }
    }
    instructions.push({ keyword: name, rest: rest.trim(), line: start + 1, lines: own });
  }
  return instructions;
}

function isEmptyOrComment(line: string): boolean {
  return /^\s*(#|$)/.test(line);
}

function endless(file: string, start: number, message: string): DockerfileError {
  return new DockerfileError(file, [{ line: start + 1, message: `this instruction ${message}` }]);
}
