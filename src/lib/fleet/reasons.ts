// Every reason for which the fleet does something, or leaves it: stable codes that the webhook answers, `explain` prints
// and tests assert.

/** Reason codes and what they mean, for people. */
export const reasons = {
  spawn: "the job is queued and has no runner",
  warm: "the pool keeps an idle runner ready",
  "assign:picked-up": "GitHub gave the job to this runner",
  "assign:swapped": "its runner was taken by another job, whose own runner now serves it",
  "assign:spare": "a runner that was left over serves it",
  "assign:unseen-job": "its runner has a job of which the fleet is told nothing",
  "finish:job-completed": "the job has ended, and its runner with it",
  "terminate:job-cancelled": "the job was cancelled before a runner took it",
  "terminate:surplus": "another runner took the job, and no other job needs this one",
  "terminate:orphan": "GitHub knows its runner no more, and no job runs on it",
  "terminate:never-registered": "its runner never came online",
  "terminate:idle": "no job came to it for longer than the pool lets it wait",
  "deregister:no-sandbox": "no Sandbox runs this runner",
  "ignore:no-pool-matches": "no pool of the policy has all the labels that the job asks for",
  "ignore:repository-not-allowed": "the policy does not let this repository use the fleet",
  "refuse:bad-resource-label": "the job's resource label cannot be read",
  "refuse:resources-not-allowed": "the job asks for more than the pool allows",
  "refuse:fork-pull-request": "it would run the code of a pull request from a fork, which the policy denies",
  "ignore:already-provisioned": "the job has a Sandbox already",
  "ignore:not-queued": "the job does not wait for a runner",
  "ignore:foreign-runner": "the runner that took the job is not one of this fleet",
  "ignore:nothing-to-do": "everything is as it should be",
  "defer:fleet-at-capacity": "the fleet runs as many Sandboxes as the policy allows",
  "defer:pool-at-capacity": "the pool runs as many Sandboxes as the policy allows",
  "defer:repository-at-capacity": "the repository has as many Sandboxes as the policy allows",
  "defer:daily-budget-spent": "today's budget is spent",
  "defer:start-failed": "its runners failed to start; the next try waits a while",
  "defer:rate-limited": "GitHub's rate limit is reached for now",
  "defer:github-unavailable": "GitHub could not be asked",
  "defer:modal-unavailable": "Modal could not start the Sandbox",
  "defer:answer-due": "it is still being worked on; the answer could not wait",
  error: "it failed, and waiting alone will not help",
  "keep:busy": "GitHub says that its runner is busy",
} as const;

export type ReasonCode = keyof typeof reasons;
