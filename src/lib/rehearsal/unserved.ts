// Ends runs that wait for runners which this fleet will never start: at GitHub they would wait for a day.
import type { ControllerEvent } from "./controller-process.ts";
import type { Rehearsal } from "./rehearsal.ts";

const hopeless = ["ignore:no-pool-matches", "ignore:repository-not-allowed"];

/** @returns a listener for the controller's log */
export function watchUnserved(rehearsal: Pick<Rehearsal, "github" | "env">): (event: ControllerEvent) => void {
  return (event) => {
    if (event.event !== "decision" || !hopeless.includes(String(event["reason"]))) return;
    const run = rehearsal.github.state().runs.find(({ jobs }) => jobs.some((job) => job.id === event["job"]));
    if (run && run.status !== "completed") void cancel(rehearsal, run.repository, run.id);
  };
}

/** Through the API, as a person would. A run that ended meanwhile refuses, which is as good. */
async function cancel({ env }: Pick<Rehearsal, "env">, repository: string, runId: number): Promise<void> {
  await fetch(`${env["GITHUB_API_URL"]}/repos/${repository}/actions/runs/${runId}/cancel`, {
    method: "POST",
    headers: { authorization: `Bearer ${env["GITHUB_TOKEN"]}` },
  }).catch(() => undefined);
}
