// A terminal for a command, by the `script` program that Linux and macOS have: Node has no pseudo-terminals of its own.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { PtyInfo } from "./definitions.ts";
import { failedPrecondition } from "./errors.ts";

/** Sets the size of the terminal, then becomes the command. */
const sized = 'stty rows "$1" cols "$2"; shift 2; exec "$@"';

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function findProgram(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * The command that runs another one on a terminal of its own, passing on its output and exit code.
 * @throws ServerError FAILED_PRECONDITION when this machine has no `script`.
 */
export function onTerminal(command: readonly string[], pty: PtyInfo): string[] {
  const script = findProgram("script");
  if (!script) {
    throw failedPrecondition(
      "A terminal needs the program `script`, which this machine does not have. Install util-linux (Debian: bsdutils).",
    );
  }
  const size = [String(pty.winszRows || 24), String(pty.winszCols || 80)];
  const inner = ["/bin/sh", "-c", sized, "sh", ...size, ...command];
  if (process.platform === "linux") return [script, "-qefc", inner.map(quote).join(" "), "/dev/null"];
  return [script, "-q", "/dev/null", ...inner];
}

/** Variables that tell programs about the terminal. */
export function terminalEnvironment(pty: PtyInfo): Record<string, string> {
  return { TERM: pty.envTerm || "xterm-256color", COLORTERM: pty.envColorterm || "truecolor" };
}
