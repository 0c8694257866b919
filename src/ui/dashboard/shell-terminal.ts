// This process's terminal, lent to a shell while the screen is away.
import type { ShellTerminal } from "../../lib/operations/runner-shell.ts";

type Input = NodeJS.ReadStream;
type Output = NodeJS.WriteStream;

/** The terminal, and what takes it back whether or not the shell has ended. */
export function lendTerminal(stdin: Input, stdout: Output): { terminal: ShellTerminal; takeBack(): void } {
  const chunks: Uint8Array[] = [];
  let isOver = false;
  let wake: () => void = () => undefined;
  let giveBack: () => void = () => undefined;
  const onData = (chunk: Buffer | string) => {
    // Ink has set an encoding.
    chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    wake();
  };
  const terminal: ShellTerminal = {
    input: {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) yield chunk;
          if (isOver) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
    },
    output: (bytes) => void stdout.write(bytes),
    size: () => ({ rows: stdout.rows ?? 24, columns: stdout.columns ?? 80 }),
    take(onResize) {
      stdin.setRawMode(true);
      stdin.ref();
      stdin.on("data", onData);
      stdin.resume();
      stdout.on("resize", onResize);
      giveBack = () => {
        giveBack = () => undefined;
        stdin.off("data", onData);
        stdin.pause();
        stdin.setRawMode(false);
        stdout.off("resize", onResize);
      };
      return () => giveBack();
    },
  };
  return {
    terminal,
    takeBack() {
      isOver = true;
      wake();
      giveBack();
    },
  };
}
