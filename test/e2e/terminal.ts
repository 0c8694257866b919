// Answers what the built command line asks on a terminal.
import { stripVTControlCharacters } from "node:util";
import type { TerminalRun } from "../../scripts/run-in-terminal.ts";
import { openTerminal } from "../../scripts/terminal.ts";
import { packageFile } from "../../src/lib/package-root.ts";

/** Milliseconds until a question has to be there; some steps before it take their time. */
const patience = 150_000;

/**
 * Runs it on a terminal with somebody who answers.
 * @param answers what to wait for, one after the other, and the keys to press then
 * @throws Error with what was shown when a question never comes
 */
export async function converseInTerminal(
  args: readonly string[],
  answers: readonly (readonly [shown: RegExp, keys: string])[],
  options: { env: Record<string, string>; cwd: string },
): Promise<TerminalRun> {
  const env = { PATH: process.env["PATH"], no_proxy: "127.0.0.1,localhost", ...options.env };
  const command = [process.execPath, packageFile("bin", "run.js"), ...args];
  const terminal = openTerminal({ command, env, cwd: options.cwd, columns: 100, rows: 40 });
  const said = (from = 0) => stripVTControlCharacters(terminal.output().slice(from));
  try {
    let read = 0;
    for (const [shown, keys] of answers) {
      await terminal
        .until(() => shown.test(said(read)), patience)
        .catch((cause: unknown) => {
          throw new Error(`${shown} was never shown:\n${said()}`, { cause });
        });
      read = terminal.output().length;
      terminal.type(keys);
    }
    const { code } = await terminal.ended;
    return { code, screen: said().replaceAll("\r\n", "\n") };
  } finally {
    terminal.kill();
  }
}
