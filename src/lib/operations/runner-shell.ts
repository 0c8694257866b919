// Connects the operator's terminal to one in a runner's Sandbox.
import type { Readable } from "node:stream";
import { AbortError } from "../cli/errors.ts";
import type { IOStreams } from "../cli/streams.ts";
import { openShell, type TerminalSize } from "../modal/sandbox-shell.ts";
import type { FleetAccess } from "./fleet-access.ts";
import { findRunner, listRunners } from "./list-runners.ts";

type Terminal = NodeJS.ReadableStream & { setRawMode?(isRaw: boolean): void };

/**
 * Runs a command in the Sandbox until it ends. The terminal is raw meanwhile, so Ctrl-C and the like reach the command,
 * and is put back in every case.
 * @param reference a runner's name, its Sandbox's id, or its job
 * @returns the command's exit code
 * @throws AbortError when there is no such runner, or it has no Sandbox
 */
export async function shellInto(
  reference: string,
  command: readonly string[],
  fleet: FleetAccess,
  io: IOStreams,
  now: number,
): Promise<number> {
  const runner = findRunner(reference, await listRunners(fleet, now));
  if (runner.sandboxId === null) {
    throw new AbortError(`${runner.runner} has no Sandbox any more.`, {
      code: "no-sandbox",
      nextSteps: ["modal-gha runners prune --dry-run"],
    });
  }
  const stdin = io.stdin as Terminal;
  const output = io.stdout.stream as NodeJS.WriteStream;
  const size = (): TerminalSize => ({ rows: output.rows ?? 24, columns: output.columns ?? 80 });
  const isRaw = io.stdin.isTTY === true && stdin.setRawMode !== undefined;
  const input = io.stdin as Readable;
  const shell = await openShell(fleet.modalAccess, {
    sandboxId: runner.sandboxId,
    command,
    size: size(),
    input,
    output: (bytes) => void output.write(bytes),
  });
  const onResize = () => void shell.resize(size()).catch(() => undefined);
  if (isRaw) stdin.setRawMode?.(true);
  output.on("resize", onResize);
  try {
    return await shell.ended;
  } finally {
    output.off("resize", onResize);
    if (isRaw) stdin.setRawMode?.(false);
    // Somebody may have left the input open; waiting for more would keep the process.
    input.destroy();
  }
}
