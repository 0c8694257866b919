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
  // As Ink reads it: a stream that was paused in between would not start again for it.
  const onReadable = () => {
    for (let chunk = stdin.read(); chunk !== null; chunk = stdin.read()) chunks.push(Buffer.from(chunk));
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
    size: () => ({ rows: stdout.rows || 24, columns: stdout.columns || 80 }),
    take(onResize) {
      stdin.setRawMode(true);
      stdin.ref();
      stdin.on("readable", onReadable);
      stdout.on("resize", onResize);
      giveBack = () => {
        giveBack = () => undefined;
        stdin.off("readable", onReadable);
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
