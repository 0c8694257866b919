// Ends runs that wait for runners which this fleet will never start: at GitHub they would wait for a day.
import type { ControllerEvent } from "./controller-process.ts";
import type { Rehearsal } from "./rehearsal.ts";

const hopeless = ["ignore:no-pool-matches", "ignore:repository-not-allowed"];

/** @returns a listener for the controller's log */
export function watchUnserved(rehearsal: Pick<Rehearsal, "github" | "env">): (event: ControllerEvent) => void {
  const unserved = new Set<number>();
  const cancelled = new Set<number>();

  /** A run whose open jobs all wait in vain; its other jobs have ended, or need one of these. */
  function cancelHopeless(): void {
    for (const run of rehearsal.github.state().runs) {
      const open = run.jobs.filter((job) => job.status !== "completed");
      if (open.length === 0 || cancelled.has(run.id) || !open.every((job) => unserved.has(job.id))) continue;
      cancelled.add(run.id);
      void cancel(rehearsal, run.repository, run.id);
    }
  }

  rehearsal.github.on((event) => {
    if (event.type === "job" && event.action === "completed") cancelHopeless();
  });
  return (event) => {
    const reason = String(event["reason"]);
    if (event.event !== "decision" || !(hopeless.includes(reason) || reason.startsWith("refuse:"))) return;
    unserved.add(Number(event["job"]));
    cancelHopeless();
  };
}

/** Through the API, as a person would. A run that ended meanwhile refuses, which is as good. */
async function cancel({ env }: Pick<Rehearsal, "env">, repository: string, runId: number): Promise<void> {
  await fetch(`${env["GITHUB_API_URL"]}/repos/${repository}/actions/runs/${runId}/cancel`, {
    method: "POST",
    headers: { authorization: `Bearer ${env["GITHUB_TOKEN"]}` },
  }).catch(() => undefined);
}
