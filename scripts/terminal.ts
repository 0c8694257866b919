// A real terminal for a program, and a screen to look at: `script` (util-linux) gives the pseudo-terminal, xterm.js reads
// what the program draws. For tests, benchmarks and the pictures in the README.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import xterm, { type Terminal as Screen } from "@xterm/headless";

export interface TerminalOptions {
  command: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  columns?: number;
  rows?: number;
  cwd?: string;
}

export interface TerminalEnd {
  /** The command's own exit code. */
  code: number;
  /** `stty -a` before the command and after it. */
  settingsBefore: string;
  settingsAfter: string;
}

export interface DrivenTerminal {
  /** What is on it, cell by cell. */
  readonly screen: Screen;
  /** The text on the screen, without blanks at the ends of lines. */
  text(): string;
  /** Everything that the program wrote, as it came. */
  output(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): Promise<void>;
  /**
   * Resolves with the text on the screen once it matches; never in the middle of a frame, where the program marks its frames.
   * @throws Error with the screen when it never does
   */
  until(what: RegExp | ((text: string) => boolean), withinMs?: number): Promise<string>;
  /** Process id of the command. */
  pid(): number;
  ended: Promise<TerminalEnd>;
  /** Ends it, whatever it does. */
  kill(): void;
}

/** Notes terminal and settings, runs the command as a child whose id is known, notes how it ended; Ctrl-C is the child's. */
const frame = `
trap : INT
tty >"$1/tty"; stty rows "$2" cols "$3"; stty -a >"$1/before"; d="$1"; shift 3
sh -c 'echo $$ >"$0/pid"; exec "$@"' "$d" "$@"
echo $? >"$d/code"; stty -a >"$d/after"
`;

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

export function openTerminal(options: TerminalOptions): DrivenTerminal {
  const { command, columns = 80, rows = 24 } = options;
  const folder = mkdtempSync(join(tmpdir(), "modal-gha-terminal-"));
  const inner = ["/bin/sh", "-c", frame, "sh", folder, String(rows), String(columns), ...command];
  const child = spawn("script", ["-qefc", inner.map(quote).join(" "), "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { TERM: "xterm-256color", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    // So that all of it can be ended at once.
    detached: true,
  });
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
  let written = "";
  let hasEnded = false;
  const changed = new EventTarget();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    written += text;
    screen.write(text, () => changed.dispatchEvent(new Event("change")));
  });
  const read = (name: string) => readFileSync(join(folder, name), "utf8").trim();
  const ended = once(child, "close").then(async (): Promise<TerminalEnd> => {
    // What came last is on the screen only once it is parsed.
    await new Promise<void>((resolve) => screen.write("", resolve));
    hasEnded = true;
    changed.dispatchEvent(new Event("change"));
    const end = existsSync(join(folder, "after"))
      ? { code: Number(read("code")), settingsBefore: read("before"), settingsAfter: read("after") }
      : { code: -1, settingsBefore: "", settingsAfter: "" };
    rmSync(folder, { recursive: true, force: true });
    return end;
  });
  const text = () => textOf(screen);
  /** Programs such as Ink put each frame between two marks: DEC private mode 2026, synchronized output. */
  const isWhole = () => hasEnded || !screen.modes.synchronizedOutputMode;
  return {
    screen,
    text,
    output: () => written,
    type: (keys) => void child.stdin?.write(keys),
    async resize(toColumns, toRows) {
      screen.resize(toColumns, toRows);
      const stty = spawn("stty", ["-F", read("tty"), "rows", String(toRows), "cols", String(toColumns)]);
      await once(stty, "close");
    },
    async until(what, withinMs = 90_000) {
      const matches = () => isWhole() && (typeof what === "function" ? what(text()) : what.test(text()));
      const deadline = Date.now() + withinMs;
      while (!matches()) {
        const leftMs = deadline - Date.now();
        if (hasEnded || leftMs <= 0) throw new Error(`${hasEnded ? "ended" : "no"} ${what} on the screen:\n${text()}`);
        const stop = new AbortController();
        const { signal } = stop;
        await Promise.race([once(changed, "change", { signal }), delay(leftMs, undefined, { signal })]);
        stop.abort();
      }
      return text();
    },
    pid: () => Number(read("pid")),
    ended,
    kill: () => killGroup(child),
  };
}

function killGroup({ pid, exitCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended in this moment.
  }
}

/** The lines of a screen, without blanks at their ends. */
export function textOf(screen: Screen): string {
  const { active } = screen.buffer;
  return Array.from({ length: screen.rows }, (_, row) =>
    active.getLine(active.viewportY + row)?.translateToString(true),
  ).join("\n");
}
