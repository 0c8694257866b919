// Asks the entrypoint of a living Sandbox to stop: it lets the runner cancel its job politely, which GitHub then shows as
// cancelled, where a Sandbox that vanishes leaves the job hanging for minutes.
import type { ModalConnection } from "./client.ts";

/** The entrypoint keeps its process id there: image/bin/modal-gha-entrypoint. */
const script = `kill -INT "$(cat "\${TMPDIR:-/tmp}/modal-gha-entrypoint.pid")"`;

/**
 * @returns whether it was asked; false when the Sandbox has no such entrypoint, or is gone
 * @throws what the SDK throws when Modal cannot be reached
 */
export async function interruptEntrypoint({ client }: ModalConnection, sandboxId: string): Promise<boolean> {
  const sandbox = await client.sandboxes.fromId(sandboxId);
  const process = await sandbox.exec(["sh", "-c", script], { stdout: "ignore", stderr: "ignore", timeoutMs: 10_000 });
  return (await process.wait()) === 0;
}
