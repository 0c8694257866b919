// What an operator may call a job by: its id, its address, its run's address, its runner's name, its Sandbox's id.
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { parseRunnerName } from "../fleet/names.ts";

export type JobReference =
  | { kind: "job"; jobId: number /** `owner/name`, where the reference says it. */; repository?: string }
  | { kind: "run"; runId: number; repository: string }
  | { kind: "runner"; runnerName: string; jobId: number }
  | { kind: "sandbox"; sandboxId: string };

/**
 * Reads a `<job>` argument.
 * @throws AbortError (usage) naming the forms that there are
 */
export function parseJobReference(text: string): JobReference {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: "job", jobId: Number(text) };
  if (/^sb-[0-9A-Za-z]+$/.test(text)) return { kind: "sandbox", sandboxId: text };
  const path = /^https?:\/\/[^/]+(?::\d+)?\/(?:api\/v3\/)?(?:repos\/)?([^/]+\/[^/]+)\/actions\/(.*)$/.exec(text);
  if (path) {
    const [, repository, rest] = path as unknown as [string, string, string];
    const job = /^(?:runs\/\d+(?:\/attempts\/\d+)?\/jobs?|jobs)\/(\d+)/.exec(rest);
    if (job) return { kind: "job", jobId: Number(job[1]), repository };
    const run = /^runs\/(\d+)/.exec(rest);
    if (run) return { kind: "run", runId: Number(run[1]), repository };
  }
  const runner = parseRunnerName(text);
  if (runner) return { kind: "runner", runnerName: text, jobId: runner.jobId };
  throw new AbortError(`"${text}" names no job.`, {
    code: "usage",
    exitCode: ExitCode.Usage,
    why: "A job is named by its id, its or its run's address at GitHub, its runner's name, or its Sandbox's id.",
    nextSteps: ["modal-gha runners ls"],
  });
}
