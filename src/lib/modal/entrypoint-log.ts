// What a runner's entrypoint writes to its Sandbox's log: lines of the job as they are, and between them control lines
// that say what is going on. The writer is image/bin/modal-gha-entrypoint.
import { z } from "zod";

const marker = "##[modal-gha]";

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

/** One thing that a runner's log says; `at` is ISO 8601. `output` is a line of the job, masked by the runner. */
export type LogEvent = z.output<typeof controlSchema> | { event: "output"; text: string };

/** Reads one line. A control line of a kind that is not known (a newer image's) is passed on as output. */
export function parseLogLine(line: string): LogEvent {
  if (line.startsWith(marker)) {
    try {
      const control = controlSchema.safeParse(JSON.parse(line.slice(marker.length)));
      if (control.success) return control.data;
    } catch {
      // Cut off in the middle, as a killed Sandbox's last line can be.
    }
  }
  return { event: "output", text: line };
}

/** Cuts a stream of text into lines; the last one need not end in a line feed. */
export async function* toLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
  if (rest !== "") yield rest;
}
