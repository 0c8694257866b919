// Streams that keep what is written to them, for tests of commands and whatever else prints.
import { PassThrough } from "node:stream";
import { createStreams, type IOStreams } from "../../../src/lib/cli/streams.ts";

export interface TestStreams extends IOStreams {
  /** What was written to stdout so far. */
  readonly stdoutText: string;
  /** What was written to stderr so far. */
  readonly stderrText: string;
}

export interface TestStreamOptions {
  /** All three are terminals. */
  isTTY?: boolean;
  /** Columns of the terminal. */
  width?: number;
  env?: Record<string, string>;
  noColor?: boolean;
}

/** Pipes, or terminals if `isTTY`; without colour unless `env` asks for it (FORCE_COLOR). */
export function testStreams({ isTTY = false, width = 80, env, noColor }: TestStreamOptions = {}): TestStreams {
  const written = { stdout: "", stderr: "" };
  const output = (name: keyof typeof written) => {
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => {
      written[name] += chunk.toString();
    });
    return Object.assign(stream, { isTTY, columns: width });
  };
  const streams = createStreams({
    stdin: Object.assign(new PassThrough(), { isTTY }),
    stdout: output("stdout"),
    stderr: output("stderr"),
    env: env ?? { NO_COLOR: "1" },
    ...(noColor === undefined ? {} : { noColor }),
  });
  return Object.defineProperties(streams, {
    stdoutText: { get: () => written.stdout },
    stderrText: { get: () => written.stderr },
  }) as TestStreams;
}
