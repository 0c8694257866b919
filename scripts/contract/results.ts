// The shape of every command's result under --json, by the command's id; and that of every error.
import { z } from "zod";
import { configResults } from "./results/config.ts";
import { jobResults } from "./results/jobs.ts";
import { otherResults } from "./results/others.ts";
import { runnerResults } from "./results/runners.ts";
import { setupResults } from "./results/setup.ts";
import { record } from "./shape.ts";

export const results: Readonly<Record<string, z.ZodType>> = {
  ...configResults,
  ...jobResults,
  ...runnerResults,
  ...otherResults,
  ...setupResults,
};

/** What any command prints in its result's place when it fails (src/lib/cli/report-error.ts). */
export const errorResult = record({
  error: record({
    code: z.string().describe("Stable, for programs."),
    message: z.string().describe("What happened."),
    why: z.string().nullable(),
    nextSteps: z.array(z.string()).describe("What to type or do next, most useful first."),
  }),
});
