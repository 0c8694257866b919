// Explains one job: why it has, or has not, a runner; what happened, what will happen, and what to do about it.

import type { Decision } from "../../fleet/decision.ts";
import { parseOwnRunnerName } from "../../fleet/names.ts";
import { type ReasonCode, reasons } from "../../fleet/reasons.ts";
import type { Job } from "../../fleet/snapshot.ts";
import { resolveJob } from "../../policy/match.ts";
import { asksForUs, nearestLabel } from "../../policy/mismatch.ts";
import type { Policy } from "../../policy/schema.ts";
import { findJobOrTrace } from "../find-job.ts";
import type { FleetAccess } from "../fleet-access.ts";
import { decisionAbout } from "../observe-jobs.ts";
import { Looking } from "../unseen.ts";
import { type Advice, adviseOn, type Situation } from "./advice.ts";
import type { ExplainedDecision, ExplainedJob, JobExplanation } from "./explanation.ts";
import { type Facts, gatherFacts } from "./facts.ts";
import type { JobDelivery } from "./job-deliveries.ts";
import { limitsFor } from "./limits.ts";
import { policyBehind } from "./policy-behind.ts";
import { explainSandbox, madeFor, tellStory } from "./story.ts";
import { summarise } from "./summary.ts";

export interface ExplainOptions {
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Tells all that can be told of a job. What cannot be read, because GitHub or Modal is down, is named in `unseen`.
 * @param text job id, job or run address, runner name or Sandbox id
 * @throws AbortError when there is no such job, or several; what GitHub throws where nobody else knows the job either
 */
export async function explainJob(text: string, fleet: FleetAccess, { now }: ExplainOptions): Promise<JobExplanation> {
  const looking = new Looking();
  const { job, isGuess } = await findJobOrTrace(text, fleet, looking);
  const facts = await gatherFacts(fleet, job, { isGuess, looking, now });
  return explain(facts, fleet, looking);
}

type Source = Pick<FleetAccess, "policy" | "policyText" | "policyFile">;

function explain(facts: Facts, fleet: Source, looking: Looking): JobExplanation {
  const { policy } = fleet;
  const { job, observed, sandboxes = [] } = facts;
  const own = decisionsOn(facts, policy);
  const [main, ...others] = own;
  const decision = main ? describeDecision(main, job, fleet) : null;
  const isOurs = concerns(facts, policy);
  const stuckOn = main?.reason === "spawn" ? lastFailure(facts) : undefined;
  const match = resolveJob(policy, job.labels);
  const isWaiting = job.status === "queued" && match.kind === "pool" && !facts.isGuess;
  const limits =
    isWaiting && observed.sandboxes
      ? limitsFor(
          { pool: match.pool.name, repository: job.repository },
          policy,
          observed.sandboxes,
          observed.spentToday,
        )
      : [];
  const advice = isOurs && decision ? adviceOn(own, stuckOn, facts, fleet) : otherAdvice(job, looking);
  return {
    job: describeJob(facts),
    isOurs,
    summary: summarise({ facts, isOurs, decision, stuckOn }),
    events: tellStory(facts, policy),
    decision,
    also: others.map((other) => describeDecision(other, job, fleet)),
    limits,
    sandboxes: sandboxes.map(explainSandbox),
    ...advice,
    unseen: looking.unseen,
  };
}

/** First what is decided about the job, then what about Sandboxes and registrations that were made for it or ran it. */
function decisionsOn({ job, decisions, isGuess }: Facts, policy: Policy): Decision[] {
  const about = isGuess ? undefined : decisionAbout(job, decisions, { policy });
  const isItsOwn = (decision: Decision) => {
    if ("sandbox" in decision) {
      const { sandbox } = decision;
      return sandbox.jobId === job.id || madeFor(sandbox) === job.id || sandbox.runnerName === job.runnerName;
    }
    return "registration" in decision && parseOwnRunnerName(decision.registration.name, policy)?.jobId === job.id;
  };
  const others = (decisions ?? []).filter((decision) => decision !== about && isItsOwn(decision));
  // That there is nothing to do about an ended job says less than what is done about its Sandbox.
  if (about?.reason === "ignore:nothing-to-do") return [...others, about];
  return about ? [about, ...others] : others;
}

function describeDecision(decision: Decision, job: Job, { policy, policyText }: Source): ExplainedDecision {
  const { reason, detail } = decision;
  const pool = poolOf(decision, job, policy);
  const lines = policyBehind(reason, { policy, labels: job.labels, pool }, policyText);
  return { reason, meaning: reasons[reason], detail, policy: lines };
}

function poolOf(decision: Decision, job: Job, policy: Policy): string | undefined {
  if ("pool" in decision) return decision.pool;
  if ("sandbox" in decision) return decision.sandbox.pool;
  const match = resolveJob(policy, job.labels);
  return match.kind === "pool" ? match.pool.name : undefined;
}

/** Whether the fleet has, had, or was asked to have anything to do with the job. */
function concerns({ job, sandboxes = [], isGuess }: Facts, policy: Policy): boolean {
  if (isGuess || parseOwnRunnerName(job.runnerName, policy) || sandboxes.length > 0) return true;
  if (job.runnerName !== null) return false;
  const match = resolveJob(policy, job.labels);
  return match.kind === "pool" || match.reason !== "ignore:no-pool-matches" || asksForUs(policy, job.labels);
}

/** What kept the controller from doing what it had decided: a decision alone does not know that. */
const failures: readonly string[] = [
  "error",
  "defer:rate-limited",
  "defer:github-unavailable",
  "defer:modal-unavailable",
  "defer:answer-due",
] satisfies ReasonCode[];

function lastFailure({ deliveries }: Facts): NonNullable<JobDelivery["answer"]> | undefined {
  const last = deliveries?.found.findLast(({ action }) => action === "queued")?.answer;
  return last && failures.includes(last.reason) ? last : undefined;
}

function adviceOn(
  decisions: readonly Decision[],
  stuckOn: JobDelivery["answer"] | undefined,
  { job, observed, decisions: everyDecision = [] }: Facts,
  { policy, policyFile }: Source,
): Advice {
  const codes = decisions.map((decision) => ({ reason: decision.reason, decision }));
  const all = stuckOn && codes[0] ? [{ ...codes[0], reason: stuckOn.reason as ReasonCode }, ...codes] : codes;
  const advices = all.map(({ reason, decision }) => {
    const about: Situation = {
      job,
      fleet: policy.fleet,
      pool: poolOf(decision, job, policy),
      runner: runnerOf(decision) ?? observed.sandboxes?.find(({ jobId }) => jobId === job.id)?.runnerName,
      policyFile,
      example: nearestLabel(policy, job.labels),
    };
    return adviseOn(reason, about);
  });
  const before = olderInLine(decisions[0], job, everyDecision, policy);
  return {
    next: [...before, ...new Set(advices.flatMap(({ next }) => next))],
    toType: [...new Set(advices.flatMap(({ toType }) => toType))],
  };
}

/** How many jobs of the repository have waited longer for a place of the same kind. */
function olderInLine(own: Decision | undefined, job: Job, decisions: readonly Decision[], policy: Policy): string[] {
  if (!own?.reason.endsWith("-at-capacity")) return [];
  const pool = poolOf(own, job, policy);
  const isOlder = (decision: Decision) =>
    decision.action === "none" &&
    decision.reason === own.reason &&
    decision.job.repository === job.repository &&
    (decision.job.createdAt - job.createdAt || decision.job.id - job.id) < 0 &&
    poolOf(decision, decision.job, policy) === pool;
  const count = decisions.filter(isOlder).length;
  return count === 0
    ? []
    : [
        `${count} older ${count === 1 ? "job" : "jobs"} of ${job.repository} ${count === 1 ? "waits" : "wait"} for the same.`,
      ];
}

function runnerOf(decision: Decision): string | undefined {
  if ("sandbox" in decision) return decision.sandbox.runnerName;
  return "registration" in decision ? decision.registration.name : undefined;
}

/** Of a job that the fleet does not decide about, or cannot at the moment. */
function otherAdvice({ id, htmlUrl }: Job, { unseen }: Looking): Advice {
  const again = unseen.length > 0 ? [`modal-gha explain ${id}   # again in a while`] : [];
  return { next: [], toType: [...again, ...(htmlUrl ? [htmlUrl] : [])] };
}

function describeJob({ job, isGuess }: Facts): ExplainedJob {
  const iso = (time: number | undefined) => (time === undefined ? null : new Date(time).toISOString());
  const known = <T>(value: T): T | null => (isGuess ? null : value);
  return {
    id: job.id,
    run: job.runId || null,
    attempt: known(job.runAttempt),
    repository: job.repository,
    name: known(job.name),
    labels: known(job.labels),
    url: job.htmlUrl || null,
    status: known(job.status),
    conclusion: job.conclusion,
    createdAt: known(iso(job.createdAt)),
    startedAt: iso(job.startedAt),
    completedAt: iso(job.completedAt),
    runner: job.runnerName,
    isForkPullRequest: job.isForkPullRequest ?? null,
  };
}
