// A command in a living Sandbox, in a terminal there if there is one here. Modal starts each terminal at 24 by 80, and its
// SDK has no call to resize one: the size is set from inside, by `stty`, at the start and whenever the window changes.
import { randomBytes } from "node:crypto";
import type { ModalConnection } from "./client.ts";

export interface TerminalSize {
  rows: number;
  columns: number;
}

export interface ShellOptions {
  sandboxId: string;
  command: readonly string[];
  size: TerminalSize;
  /** What is typed, byte by byte; its end is passed on. */
  input: AsyncIterable<Uint8Array>;
  output(bytes: Uint8Array): void;
  /** What the command says on stderr. With this it gets no terminal, which would mix the two and change every byte. */
  errors?: ((bytes: Uint8Array) => void) | undefined;
}

export interface Shell {
  /** Tells the terminal its new size; a failure is of no consequence but for the looks. */
  resize(size: TerminalSize): Promise<void>;
  /** The command's exit code, once it and its output have ended. */
  ended: Promise<number>;
}

/** Notes which terminal it is, sets its size, and becomes the command. */
const start = 'tty >"$1"; stty rows "$2" cols "$3"; shift 3; exec "$@"';
const resize = 'stty -F "$(cat "$1")" rows "$2" cols "$3"';

/** @throws what the SDK throws when the Sandbox is gone or Modal cannot be reached */
export async function openShell({ client }: ModalConnection, options: ShellOptions): Promise<Shell> {
  const { sandboxId, command, size, input, output, errors } = options;
  const sandbox = await client.sandboxes.fromId(sandboxId);
  const note = `/tmp/modal-gha-tty-${randomBytes(6).toString("hex")}`;
  const sized = ({ rows, columns }: TerminalSize) => [note, String(rows), String(columns)];
  const inTerminal = ["sh", "-c", start, "sh", ...sized(size), ...command];
  const process = errors
    ? await sandbox.exec([...command], { mode: "binary" })
    : await sandbox.exec(inTerminal, {
        mode: "binary",
        pty: true,
        env: { TERM: globalThis.process.env["TERM"] ?? "xterm-256color" },
      });
  const read = async (stream: AsyncIterable<Uint8Array>, write: (bytes: Uint8Array) => void) => {
    for await (const chunk of stream) write(chunk);
  };
  const reading = Promise.all([read(process.stdout, output), errors && read(process.stderr, errors)]);
  const writer = process.stdin.getWriter();
  const writing = (async () => {
    for await (const chunk of input) await writer.write(chunk);
    await writer.close();
  })();
  // The command may end while somebody still types; what it does not read is lost, as on any terminal.
  writing.catch(() => undefined);
  const end = async () => {
    const [code] = await Promise.all([process.wait(), reading]);
    if (errors) return code;
    await sandbox
      .exec(["rm", "-f", note], { stdout: "ignore", stderr: "ignore" })
      .then((removal) => removal.wait())
      .catch(() => undefined);
    return code;
  };
  return {
    async resize(changed) {
      if (errors) return;
      const quiet = { stdout: "ignore", stderr: "ignore" } as const;
      const asked = await sandbox.exec(["sh", "-c", resize, "sh", ...sized(changed)], quiet);
      await asked.wait();
    },
    ended: end(),
  };
}
