// Which job a busy runner really runs. GitHub gives a job to any runner whose labels fit, so it may be another one than the
// runner was made for; until the controller has heard of it, the Sandbox's tags name the job that it was made for.
import { type FleetSandbox, type Registration, runnersAtWork } from "../fleet/snapshot.ts";
import { withSandboxes } from "./active-repositories.ts";
import type { FleetAccess } from "./fleet-access.ts";

/**
 * The Sandboxes, each with the job that GitHub says its runner runs; with job 0 where GitHub does not say it yet. Reads the
 * unfinished jobs of their repositories when GitHub calls a runner busy of which the tags do not know that yet.
 * @throws Unavailable
 */
export async function withTheirJobs(
  sandboxes: readonly FleetSandbox[],
  registrations: readonly Registration[],
  fleet: Pick<FleetAccess, "github" | "policy">,
): Promise<FleetSandbox[]> {
  const busy = runnersAtWork(registrations);
  const isUnheard = (sandbox: FleetSandbox) => !sandbox.busy && busy.has(sandbox.runnerName);
  if (!sandboxes.some(isUnheard)) return [...sandboxes];
  const jobs = await fleet.github.unfinishedJobs(withSandboxes([], sandboxes, fleet));
  return sandboxes.map((sandbox) => {
    if (!isUnheard(sandbox)) return sandbox;
    const job = jobs.find(({ runnerName }) => runnerName === sandbox.runnerName);
    if (!job) return { ...sandbox, jobId: 0, runId: 0 };
    return { ...sandbox, jobId: job.id, runId: job.runId, repository: job.repository };
  });
}
