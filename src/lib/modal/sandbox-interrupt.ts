// Asks the entrypoint of a living Sandbox to stop: it lets the runner stop its job and tell GitHub at once, where a
// Sandbox that vanishes leaves the job hanging for minutes.
import type { ModalConnection } from "./client.ts";

/** The entrypoint keeps its process id there, and looks for the grace: image/bin/modal-gha-entrypoint. */
const script = [
  `at="\${TMPDIR:-/tmp}/modal-gha-entrypoint"`,
  'printf %s "$1" >"$at.grace"',
  'kill -INT "$(cat "$at.pid")"',
].join("; ");

/** gRPC NOT_FOUND: @grpc/grpc-js constants. */
const notFound = 5;

/** What the entrypoint exits with when its runner had not ended within the grace, and was killed. */
export const killedExitCode = 9;

/**
 * @param graceMs how long the runner then has before the entrypoint kills it
 * @returns whether it was asked, or has ended anyway; false when the Sandbox has no such entrypoint
 * @throws what the SDK throws when Modal cannot be reached
 */
export async function interruptEntrypoint(
  { client }: ModalConnection,
  sandboxId: string,
  graceMs: number,
): Promise<boolean> {
  try {
    const sandbox = await client.sandboxes.fromId(sandboxId);
    const command = ["sh", "-c", script, "sh", String(Math.ceil(graceMs / 1000))];
    const process = await sandbox.exec(command, { stdout: "ignore", stderr: "ignore", timeoutMs: 10_000 });
    return (await process.wait()) === 0;
  } catch (error) {
    // It may be gone before the answer that it was asked to go.
    const { name, code } = error as { name?: string; code?: number };
    if (name === "NotFoundError" || code === notFound) return true;
    throw error;
  }
}
