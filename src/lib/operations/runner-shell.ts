// Connects the operator's terminal to one in a runner's Sandbox.
import type { Readable } from "node:stream";
import { AbortError } from "../cli/errors.ts";
import type { IOStreams } from "../cli/streams.ts";
import { openShell, type TerminalSize } from "../modal/sandbox-shell.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { selectRunners } from "./kill-runners.ts";

type Terminal = NodeJS.ReadableStream & { setRawMode?(isRaw: boolean): void };

/** bash where the image has it, as ours does. */
export const loginShell = ["sh", "-c", "exec $(command -v bash || echo sh) -l"];

/** The operator's side of a shell. */
export interface ShellTerminal {
  /** What is typed. */
  input: AsyncIterable<Uint8Array>;
  output(bytes: Uint8Array): void;
  /** What the command says on stderr; absent on a terminal, which does not tell it from its output. */
  errors?(bytes: Uint8Array): void;
  size(): TerminalSize;
  /**
   * Makes the terminal raw, so that Ctrl-C and the like reach the command, and tells of every change of its size, until
   * the function that it returns is called.
   */
  take(onResize: () => void): () => void;
}

/**
 * Runs a command in the Sandbox of a runner until it ends.
 * @param reference a runner's name, its Sandbox's id, or its job
 * @returns the command's exit code
 * @throws AbortError when there is no such runner, or it has no Sandbox
 */
export async function runShell(
  reference: string,
  command: readonly string[],
  fleet: FleetAccess,
  terminal: ShellTerminal,
  now: number,
): Promise<number> {
  const [runner] = await selectRunners(fleet, { references: [reference] }, now);
  if (!runner?.sandboxId) {
    throw new AbortError(`${runner?.runner ?? reference} has no Sandbox any more.`, {
      code: "no-sandbox",
      nextSteps: ["modal-gha runners prune --dry-run"],
    });
  }
  const { input, output, errors, size } = terminal;
  const shell = await openShell(fleet.modalAccess, {
    sandboxId: runner.sandboxId,
    command,
    size: size(),
    input,
    output,
    errors,
  });
  const giveBack = terminal.take(() => void shell.resize(size()).catch(() => undefined));
  try {
    return await shell.ended;
  } finally {
    giveBack();
  }
}

/**
 * runShell on this process's own terminal, which is put back in every case. Its input is used up afterwards.
 * @throws AbortError as runShell does
 */
export async function shellInto(
  reference: string,
  command: readonly string[],
  fleet: FleetAccess,
  io: IOStreams,
  now: number,
): Promise<number> {
  const stdin = io.stdin as Terminal;
  const stdout = io.stdout.stream as NodeJS.WriteStream;
  // A pipe or a file on either side wants the bytes as they are.
  const isTerminal = io.stdin.isTTY === true && io.stdout.isTTY;
  const isRaw = isTerminal && stdin.setRawMode !== undefined;
  const input = io.stdin as Readable;
  const terminal: ShellTerminal = {
    input,
    output: (bytes) => void stdout.write(bytes),
    ...(isTerminal ? {} : { errors: (bytes: Uint8Array) => void io.stderr.stream.write(bytes) }),
    size: () => ({ rows: stdout.rows || 24, columns: stdout.columns || 80 }),
    take(onResize) {
      if (isRaw) stdin.setRawMode?.(true);
      stdout.on("resize", onResize);
      return () => {
        stdout.off("resize", onResize);
        if (isRaw) stdin.setRawMode?.(false);
      };
    },
  };
  try {
    return await runShell(reference, command, fleet, terminal, now);
  } finally {
    // Somebody may have left the input open; waiting for more would keep the process.
    input.destroy();
  }
}
