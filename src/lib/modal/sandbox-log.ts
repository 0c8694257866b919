// A Sandbox's output: live while it runs, from Modal's log store afterwards.
import { setTimeout as delay } from "node:timers/promises";
import type { Sandbox } from "modal";
import type { ModalAccess } from "./client.ts";
import { controlMarker, type LogEvent, parseLogLine, type TimedText, toLines } from "./entrypoint-log.ts";
import { joinLive } from "./join-log.ts";

/** Modal keeps logs for 30 days at most, and asks for a range (modal.com/docs/guide/logs). */
const longestRetentionMs = 30 * 24 * 3600 * 1000;

export interface SandboxLogOptions {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Only what came since then, milliseconds since the epoch. */
  since?: number | undefined;
  /** Every line as the Sandbox printed it, control lines among them. */
  isRaw?: boolean;
}

/**
 * Follows a running Sandbox's log from its beginning until the Sandbox has ended, or the signal aborts: first what is stored
 * of it, then the live output, which may begin later and has no times. A stream that breaks is taken up again where it
 * broke, by the SDK.
 * @param onGap told where something between the two is missing
 */
export async function* followSandboxLog(
  { client }: ModalAccess,
  sandboxId: string,
  { now, since, isRaw = false, onGap = () => undefined }: SandboxLogOptions & { onGap?(): void },
  signal: AbortSignal,
): AsyncGenerator<LogEvent> {
  const sandbox = await client.sandboxes.fromId(sandboxId);
  const known: string[] = [];
  try {
    for await (const line of wholeLines(stored(sandbox, now))) {
      if (signal.aborted) return;
      known.push(line.text);
      if (since === undefined || Date.parse(line.at) >= since) yield eventOf(line, isRaw);
    }
  } catch (error) {
    // The live output may be all there is to have; but it does not say what is too old.
    if (since !== undefined) throw error;
  }
  const timed = async function* () {
    for await (const text of untilAborted(sandbox.stdout, signal)) yield { text, at: new Date(now()).toISOString() };
  };
  for await (const line of joinLive(known, toLines(timed()), onGap)) yield eventOf(line, isRaw);
}

/** Without the last line where its end is still to come. */
async function* wholeLines(chunks: AsyncIterable<TimedText>): AsyncGenerator<TimedText> {
  let isWhole = true;
  const watched = async function* () {
    for await (const chunk of chunks) {
      if (chunk.text !== "") isWhole = chunk.text.endsWith("\n");
      yield chunk;
    }
  };
  let last: TimedText | undefined;
  for await (const line of toLines(watched())) {
    if (last) yield last;
    last = line;
  }
  if (last && isWhole) yield last;
}

/** What a Sandbox has written so far, or did before it ended. */
export async function* readSandboxLog(
  { client }: ModalAccess,
  sandboxId: string,
  { now, since, isRaw = false }: SandboxLogOptions,
): AsyncGenerator<LogEvent> {
  const sandbox = await client.sandboxes.fromId(sandboxId);
  for await (const line of toLines(stored(sandbox, now))) {
    if (since === undefined || Date.parse(line.at) >= since) yield eventOf(line, isRaw);
  }
}

/** Control lines alone, of a Sandbox that may have printed far more than anybody wants to read through. */
export async function readControlEvents(
  { client }: Pick<ModalAccess, "client">,
  sandboxId: string,
  { since, until }: { since: number; until: number },
): Promise<Exclude<LogEvent, { event: "output" | "ended" }>[]> {
  const sandbox = await client.sandboxes.fromId(sandboxId);
  const events: Exclude<LogEvent, { event: "output" | "ended" }>[] = [];
  for await (const { text } of toLines(between(sandbox, since, until, controlMarker))) {
    const event = parseLogLine(text);
    if (event.event !== "output" && event.event !== "ended") events.push(event);
  }
  return events;
}

/** The last line that a Sandbox printed which is no control line; undefined where there is none. */
export async function readLastWords(
  { client }: Pick<ModalAccess, "client">,
  sandboxId: string,
): Promise<string | undefined> {
  const sandbox = await client.sandboxes.fromId(sandboxId);
  let last: string | undefined;
  const tail = async function* () {
    for await (const { message } of sandbox.logs.tail({ entries: 20 })) yield { text: message, at: "" };
  };
  for await (const { text } of toLines(tail())) if (text.trim() !== "" && !text.startsWith(controlMarker)) last = text;
  return last;
}

/** How an ended Sandbox ended; undefined while it lives. The codes are the SDK's for Modal's own ways to end one. */
export async function readSandboxEnd(
  { client }: ModalAccess,
  sandboxId: string,
): Promise<Extract<LogEvent, { event: "ended" }> | undefined> {
  const code = await (await client.sandboxes.fromId(sandboxId)).poll();
  if (code === null) return undefined;
  const reason = code === 124 ? "timeout" : code === 137 ? "terminated" : code === 0 ? "exited" : "failed";
  return { event: "ended", reason, code };
}

async function* stored(sandbox: Sandbox, now: () => number): AsyncGenerator<TimedText> {
  // Until just after now: what was written in this very millisecond counts.
  yield* between(sandbox, now() - longestRetentionMs, now() + 1);
}

/** The SDK refuses a range in which too much was written at once: then it is asked for by halves. */
async function* between(sandbox: Sandbox, from: number, until: number, searchText?: string): AsyncGenerator<TimedText> {
  let isBegun = false;
  try {
    const range = {
      since: new Date(from),
      until: new Date(until),
      source: "stdout",
      ...(searchText && { searchText }),
    } as const;
    for await (const { message, timestamp } of sandbox.logs.fetch(range)) {
      isBegun = true;
      yield { text: message, at: timestamp.toISOString() };
    }
  } catch (error) {
    if (isBegun || until - from < 2 || !/too many logs/i.test((error as Error).message)) throw error;
    const middle = Math.floor((from + until) / 2);
    yield* between(sandbox, from, middle, searchText);
    yield* between(sandbox, middle, until, searchText);
  }
}

function eventOf({ text, at }: TimedText, isRaw: boolean): LogEvent {
  const event = isRaw ? { event: "output" as const, text } : parseLogLine(text);
  return event.event === "output" ? { ...event, at } : event;
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
