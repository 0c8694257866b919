// What a runner's entrypoint writes to its Sandbox's log: lines of the job as they are, and between them control lines
// that say what is going on. The writer is image/bin/modal-gha-entrypoint.
import { z } from "zod";

/** What a control line begins with. */
export const controlMarker = "##[modal-gha]";

const controlSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("starting"), at: z.string() }),
  z.object({ event: z.literal("listening"), at: z.string() }),
  z.object({ event: z.literal("job"), at: z.string(), name: z.string() }),
  z.object({ event: z.literal("step"), at: z.string(), name: z.string() }),
  z.object({ event: z.literal("step-result"), at: z.string(), name: z.string(), result: z.string() }),
  z.object({ event: z.literal("job-result"), at: z.string(), result: z.string() }),
  z.object({
    event: z.literal("exit"),
    at: z.string(),
    reason: z.string(),
    result: z.string().nullish(),
    code: z.number().int(),
  }),
]);

/**
 * One thing that a runner's log says; `at` is ISO 8601. `output` is a line of the job, masked by the runner; its time is
 * when Modal or GitHub stored it, or, live, when it came here. `ended` is none of the log: how a Sandbox ended whose
 * entrypoint could not say it any more.
 */
export type LogEvent =
  | z.output<typeof controlSchema>
  | { event: "output"; at?: string; text: string }
  | { event: "ended"; reason: SandboxEnd; code: number };

export type SandboxEnd = "timeout" | "terminated" | "failed" | "exited";

/** Reads one line. A control line of a kind that is not known (a newer image's) is passed on as output. */
export function parseLogLine(line: string): LogEvent {
  if (line.startsWith(controlMarker)) {
    try {
      const control = controlSchema.safeParse(JSON.parse(line.slice(controlMarker.length)));
      if (control.success) return control.data;
    } catch {
      // Cut off in the middle, as a killed Sandbox's last line can be.
    }
  }
  return { event: "output", text: line };
}

/** Text, and when it was written. */
export interface TimedText {
  text: string;
  /** ISO 8601. */
  at: string;
}

/** Cuts a stream of text into lines; the last one need not end in a line feed. A line has the time of its end. */
export async function* toLines(chunks: AsyncIterable<TimedText>): AsyncGenerator<TimedText> {
  let rest = "";
  let last = "";
  for await (const { text, at } of chunks) {
    last = at;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield { text: line.endsWith("\r") ? line.slice(0, -1) : line, at };
  }
  if (rest !== "") yield { text: rest, at: last };
}
