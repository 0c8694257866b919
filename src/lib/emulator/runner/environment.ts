// The environment of a step's process: the runner's own, the `env` context, then GITHUB_*, RUNNER_*, PATH.
import { delimiter } from "node:path";
import type { StepExecution } from "./step-execution.ts";

/** Keys of the `github` context that become GITHUB_* (src/Runner.Worker/GitHubContext.cs); the token is not among them. */
const exposed = new Set(
  (
    "action_path action_ref action_repository action actor actor_id api_url base_ref env event_name event_path graphql_url " +
    "head_ref job output path ref_name ref_protected ref_type ref repository repository_id repository_owner " +
    "repository_owner_id retention_days run_attempt run_id run_number server_url sha state step_summary triggering_actor " +
    "workflow workflow_ref workflow_sha workspace"
  ).split(" "),
);

/** PATH with what steps added through GITHUB_PATH in front, the latest first. */
export function stepPath({ job, env }: StepExecution): string {
  return [...job.path.toReversed(), env.get("PATH") ?? job.environment["PATH"] ?? ""].join(delimiter);
}

export function stepEnvironment(step: StepExecution): Record<string, string> {
  const { job } = step;
  const result: Record<string, string> = { CI: "true" };
  for (const [name, value] of Object.entries(job.environment)) if (value !== undefined) result[name] = value;
  Object.assign(result, Object.fromEntries(step.env), { GITHUB_ACTIONS: "true", PATH: stepPath(step) });
  for (const [key, value] of job.github) {
    if (!exposed.has(key)) continue;
    if (typeof value === "string" || typeof value === "boolean") result[`GITHUB_${key.toUpperCase()}`] = String(value);
  }
  for (const [key, value] of Object.entries(job.runner)) result[`RUNNER_${key.toUpperCase()}`] = value;
  return result;
}
