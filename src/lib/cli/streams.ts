// Where a command reads and writes, and what the reader at the other end can show. Handed in, so that tests need no process.
import { type Colours, createColours } from "./colours.ts";

export type Input = NodeJS.ReadableStream & { isTTY?: boolean };
export type Output = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

/** One of the two outputs. */
export interface OutputSide {
  readonly stream: Output;
  readonly isTTY: boolean;
  readonly colours: Colours;
  /** Columns to lay text out in; Infinity where nobody looks, so that nothing is cut. */
  readonly width: number;
}

/**
 * Results go to stdout alone, all else to stderr: `out()` for what was asked for, `note()` for what helps the person
 * who asked (progress, warnings, what to do next).
 */
export interface IOStreams {
  readonly stdin: Input;
  readonly stdout: OutputSide;
  readonly stderr: OutputSide;
  /** Somebody can be asked: stdin and stderr are terminals. Questions go to stderr. */
  readonly canPrompt: boolean;
  /** Writes lines of the result to stdout; a line feed is added. */
  out(text: string): void;
  /** Writes lines for people to stderr; a line feed is added. */
  note(text: string): void;
}

export interface StreamOptions {
  stdin: Input;
  stdout: Output;
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** --no-color */
  noColor?: boolean;
}

/**
 * Whether to colour what goes to this stream. --no-color wins; then FORCE_COLOR, then NO_COLOR, as Node itself orders
 * them (https://nodejs.org/api/tty.html#writestreamgetcolordepthenv); then whether it is a terminal that can.
 */
export function decideColour(options: {
  isTTY: boolean;
  env: Readonly<Record<string, string | undefined>>;
  noColor?: boolean;
}): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = options.env;
  if (options.noColor) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  if (NO_COLOR) return false;
  return options.isTTY && TERM !== "dumb";
}

/** The streams of a command, from those of a process or a test. */
export function createStreams(options: StreamOptions): IOStreams {
  const side = (stream: Output): OutputSide => {
    const isTTY = stream.isTTY === true;
    return {
      stream,
      isTTY,
      colours: createColours(decideColour({ isTTY, env: options.env, noColor: options.noColor ?? false })),
      // Asked anew each time: terminals are resized.
      get width() {
        return isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY;
      },
    };
  };
  return {
    stdin: options.stdin,
    stdout: side(options.stdout),
    stderr: side(options.stderr),
    canPrompt: options.stdin.isTTY === true && options.stderr.isTTY === true,
    out: (text) => void options.stdout.write(`${text}\n`),
    note: (text) => void options.stderr.write(`${text}\n`),
  };
}

/** The streams of this process. */
export function processStreams(options: { noColor?: boolean } = {}): IOStreams {
  const { stdin, stdout, stderr, env } = process;
  return createStreams({ stdin, stdout, stderr, env, ...options });
}
