// How an operator asks the controller which policy it runs: like a webhook, signed with the same secret, since a policy
// names repositories and limits that are nobody else's business. What is signed is the body alone, so the question is in
// it, and its time: a delivery of GitHub's that somebody caught cannot be passed off as one, nor an old question repeated.

/** Value of X-GitHub-Event; GitHub sends no such event. */
export const policyEvent = "modal-gha-policy";

/** How far clocks may differ, and a question may travel. */
const longestMs = 5 * 60_000;

/** @param now milliseconds since the epoch */
export function policyQuestion(now: number): string {
  return JSON.stringify({ ask: "policy", at: now });
}

/** Whether these bytes, whose signature was checked, ask for the policy now. */
export function isPolicyQuestion(body: Buffer, now: number): boolean {
  try {
    const question = JSON.parse(body.toString("utf8")) as { ask?: unknown; at?: unknown } | null;
    return question?.ask === "policy" && typeof question.at === "number" && Math.abs(now - question.at) <= longestMs;
  } catch {
    return false;
  }
}
