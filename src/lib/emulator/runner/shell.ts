// Which program runs a `run:` script, and how: src/Runner.Worker/Handlers/ScriptHandlerHelpers.cs.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

const argumentFormats: Record<string, string> = {
  bash: "--noprofile --norc -e -o pipefail {0}",
  sh: "-e {0}",
  python: "{0}",
  pwsh: "-command \". '{0}'\"",
};
const extensions: Record<string, string> = { bash: ".sh", sh: ".sh", python: ".py", pwsh: ".ps1" };

export interface Shell {
  /** Absolute path of the program. */
  path: string;
  /** Arguments with {0} where the script's path goes. */
  format: string;
  /** Of the script file, with its dot, or empty. */
  extension: string;
}

/** The absolute path of a program on the PATH, undefined when there is none. */
export function which(program: string, path: string): string | undefined {
  const candidates = isAbsolute(program)
    ? [program]
    : path.split(delimiter).map((directory) => join(directory, program));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return statSync(candidate).isFile();
    } catch {
      return false;
    }
  });
}

/**
 * @param option what `shell:` says: a name, or `program arguments {0}`; undefined or empty for the default, which is
 *   bash (sh without one) called like sh.
 * @throws Error when the program is not there or no {0} says where the script goes.
 */
export function resolveShell(option: string | undefined, path: string): Shell {
  if (!option) {
    const program = which("bash", path) ?? which("sh", path);
    if (!program) throw new Error("sh: command not found");
    return { path: program, format: argumentFormats["sh"]!, extension: ".sh" };
  }
  const [name = "", ...rest] = option.split(" ");
  const program = which(name, path);
  if (!program) throw new Error(`${name}: command not found`);
  const format = rest.join(" ").trimStart() || (argumentFormats[name.toLowerCase()] ?? "");
  if (!format.includes("{0}")) {
    throw new Error(
      "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string containing '{0}'",
    );
  }
  return { path: program, format, extension: extensions[name.toLowerCase()] ?? "" };
}

/** The shell's arguments for a script; double quotes keep words together. */
export function shellArguments({ format }: Shell, script: string): string[] {
  const words = format.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  return words.map((word) => word.replaceAll('"', "").replaceAll("{0}", script));
}
