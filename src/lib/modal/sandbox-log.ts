// A Sandbox's output: live while it runs, from Modal's log store afterwards.
import { setTimeout as delay } from "node:timers/promises";
import type { ModalAccess } from "./client.ts";
import { type LogEvent, parseLogLine, toLines } from "./entrypoint-log.ts";

/** Modal keeps logs for 30 days at most, and asks for a range (modal.com/docs/guide/logs). */
const longestRetentionMs = 30 * 24 * 3600 * 1000;

/** Follows a running Sandbox's log from its beginning until the Sandbox has ended, or the signal aborts. */
export async function* followSandboxLog(
  { client }: ModalAccess,
  sandboxId: string,
  signal: AbortSignal,
): AsyncGenerator<LogEvent> {
  const sandbox = await client.sandboxes.fromId(sandboxId);
  for await (const line of toLines(untilAborted(sandbox.stdout, signal))) yield parseLogLine(line);
}

/** What a Sandbox has written so far, or did before it ended. */
export async function* readSandboxLog(
  { client }: ModalAccess,
  sandboxId: string,
  now: number,
): AsyncGenerator<LogEvent> {
  const sandbox = await client.sandboxes.fromId(sandboxId);
  const since = new Date(now - longestRetentionMs);
  const messages = async function* () {
    for await (const entry of sandbox.logs.fetch({ since, source: "stdout" })) yield entry.message;
  };
  for await (const line of toLines(messages())) yield parseLogLine(line);
}

/**
 * Id of the newest Sandbox of this name, ended ones included, if it ran this runner: a name is used again once its
 * Sandbox has ended. Undefined when Modal remembers no such one.
 */
export async function findSandboxByName(
  { client, app }: ModalAccess,
  name: string,
  runnerName: string,
): Promise<string | undefined> {
  try {
    const sandbox = await client.sandboxes.fromName(app.name ?? "", name, { includeTerminated: true });
    return (await sandbox.getTags())["runner"] === runnerName ? sandbox.sandboxId : undefined;
  } catch (error) {
    if ((error as Error).name === "NotFoundError") return undefined;
    throw error;
  }
}

async function* untilAborted(stream: ReadableStream<string>, signal: AbortSignal): AsyncGenerator<string> {
  const reader = stream.getReader();
  const aborted = Promise.withResolvers<{ done: true; value: undefined }>();
  const onAbort = () => aborted.resolve({ done: true, value: undefined });
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), aborted.promise]);
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // The SDK keeps the stream's connection until it is told; but a hung server must not hang us.
    await Promise.race([reader.cancel().catch(() => undefined), delay(500, undefined, { ref: false })]);
  }
}
