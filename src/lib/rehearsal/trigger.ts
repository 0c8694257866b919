// Makes a repository's workflows run, by the first event that they listen to.
import { AbortError } from "../cli/errors.ts";
import type { GitHubEmulator } from "../emulator/github/server.ts";
import type { RepositoryDirectory } from "./repository-directory.ts";

/** The events that the emulator can make happen; the one that a person would try first comes first. */
const events = ["workflow_dispatch", "push", "pull_request"] as const;

/**
 * Triggers every workflow of the repository once.
 * @param inputs of workflow_dispatch
 * @throws AbortError when none can be triggered
 */
export async function triggerWorkflows(
  github: Pick<GitHubEmulator, "trigger">,
  repository: RepositoryDirectory,
  inputs: Record<string, unknown>,
): Promise<void> {
  const refusals: string[] = [];
  let started = 0;
  for (const workflow of repository.workflows) {
    let runs: number[] = [];
    for (const event of events) {
      try {
        const dispatch = event === "workflow_dispatch" ? { inputs } : {};
        runs = await github.trigger({ repository: repository.name, event, workflow, ...dispatch });
      } catch (error) {
        refusals.push(`${workflow}, ${event}: ${(error as Error).message}`);
      }
      if (runs.length > 0) break;
    }
    started += runs.length;
  }
  if (started > 0) return;
  throw new AbortError(`No workflow of ${repository.directory} could be started.`, {
    code: "nothing-to-run",
    why: refusals.join("\n  ") || `None of them listens to ${events.join(", ")}.`,
  });
}
