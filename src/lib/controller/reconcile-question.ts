// How the deployed schedule asks the controller to look at the whole fleet: like a webhook, signed with the same secret.
// The controller that hears the webhooks is asked, since it knows where something goes on; see policy-question.ts for why
// the question holds its time.

/** Value of X-GitHub-Event; GitHub sends no such event. */
export const reconcileEvent = "modal-gha-reconcile";

/** How far clocks may differ, and a question may travel. */
const longestMs = 5 * 60_000;

/** Whether these bytes, whose signature was checked, ask for it now. @param now milliseconds since the epoch */
export function isReconcileQuestion(body: Buffer, now: number): boolean {
  try {
    const question = JSON.parse(body.toString("utf8")) as { ask?: unknown; at?: unknown } | null;
    return question?.ask === "reconcile" && typeof question.at === "number" && Math.abs(now - question.at) <= longestMs;
  } catch {
    return false;
  }
}
