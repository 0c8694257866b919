// Runs one shell line on a terminal of its own, by util-linux's `script`, and keeps what a person would have seen.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { projectRoot } from "./layering.ts";

export interface TerminalRun {
  code: number | null;
  /** Line ends as a program writes them; escape sequences are in it. */
  screen: string;
}

export interface TerminalOptions {
  /** Added to a clean environment. */
  env?: Record<string, string>;
  /** 80 unless told. */
  columns?: number;
  cwd?: string;
}

/** @param line of sh, which runs it with stdin empty */
export async function runLineInTerminal(line: string, options: TerminalOptions = {}): Promise<TerminalRun> {
  const { env, columns = 80, cwd } = options;
  const child = spawn("script", ["-q", "-e", "-c", `stty cols ${columns} rows 24; ${line}`, "/dev/null"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], TERM: "xterm-256color", no_proxy: "127.0.0.1,localhost", ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
  });
  const [code] = await once(child, "close");
  return { code, screen: screen.replaceAll("\r\n", "\n") };
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The same for the built command line. @param onlyStdout stderr goes elsewhere, so that the screen has only the result */
export function runInTerminal(
  args: readonly string[],
  { onlyStdout = false, ...options }: TerminalOptions & { onlyStdout?: boolean } = {},
): Promise<TerminalRun> {
  const line = [process.execPath, join(projectRoot, "bin", "run.js"), ...args].map(quoted).join(" ");
  return runLineInTerminal(`exec ${line}${onlyStdout ? " 2>/dev/null" : ""}`, options);
}
