// Runs the built command line on a terminal of its own, by util-linux's `script`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { packageFile } from "../../src/lib/package-root.ts";

export interface TerminalRun {
  code: number | null;
  /** What a person would have seen, line ends as a program writes them. */
  screen: string;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * @param options.env added to a clean environment
 * @param options.columns width of the terminal; 80 unless told
 * @param options.onlyStdout stderr goes elsewhere, so that the screen has nothing but the result
 */
export async function runInTerminal(
  args: readonly string[],
  options: { env?: Record<string, string>; columns?: number; onlyStdout?: boolean } = {},
): Promise<TerminalRun> {
  const { env, columns = 80, onlyStdout } = options;
  const line = [process.execPath, packageFile("bin", "run.js"), ...args].map(quoted).join(" ");
  const command = `stty cols ${columns} rows 24; exec ${line}${onlyStdout ? " 2>/dev/null" : ""}`;
  const child = spawn("script", ["-q", "-e", "-c", command, "/dev/null"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], TERM: "xterm-256color", no_proxy: "127.0.0.1,localhost", ...env },
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
  });
  const [code] = await once(child, "close");
  return { code, screen: screen.replaceAll("\r\n", "\n") };
}

/**
 * Runs it on a terminal with somebody who answers.
 * @param answers what to wait for on the screen, one after the other, and the keys to press then
 */
export async function converseInTerminal(
  args: readonly string[],
  answers: readonly (readonly [shown: RegExp, keys: string])[],
  options: { env: Record<string, string>; cwd: string },
): Promise<TerminalRun> {
  const line = [process.execPath, packageFile("bin", "run.js"), ...args].map(quoted).join(" ");
  const child = spawn("script", ["-q", "-e", "-c", `stty cols 100 rows 40; exec ${line}`, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: options.cwd,
    env: { PATH: process.env["PATH"], TERM: "xterm-256color", no_proxy: "127.0.0.1,localhost", ...options.env },
  });
  let screen = "";
  let read = 0;
  const left = [...answers];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    const [shown, keys] = left[0] ?? [];
    const found = shown?.exec(stripVTControlCharacters(screen.slice(read)));
    if (!found || keys === undefined) return;
    left.shift();
    read = screen.length;
    child.stdin.write(keys);
  });
  const [code] = await once(child, "close");
  if (left.length > 0) throw new Error(`${left[0]?.[0]} was never shown:\n${stripVTControlCharacters(screen)}`);
  return { code, screen: stripVTControlCharacters(screen).replaceAll("\r\n", "\n") };
}
