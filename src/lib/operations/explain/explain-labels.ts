// What the fleet would decide about a job with some labels, without there being one: for whoever writes a workflow.

import { refusal } from "../../fleet/decide-provide.ts";
import type { Decision } from "../../fleet/decision.ts";
import { reasons } from "../../fleet/reasons.ts";
import type { Job } from "../../fleet/snapshot.ts";
import { type Resources, resolveJob } from "../../policy/match.ts";
import type { FleetAccess } from "../fleet-access.ts";
import { decideNow, decisionAbout, observeJobs } from "../observe-jobs.ts";
import { Looking, type Unseen } from "../unseen.ts";
import type { ExplainedDecision, LimitUse } from "./explanation.ts";
import { limitsFor } from "./limits.ts";
import { policyBehind } from "./policy-behind.ts";

export interface LabelsExplanation {
  labels: string[];
  /** `owner/name`. */
  repository: string;
  /** Null where the fleet's Sandboxes could not be read, and the policy alone does not refuse it. */
  decision: ExplainedDecision | null;
  /** The pool that would serve the job; null where none would. */
  pool: string | null;
  /** What its Sandbox would have. */
  resources: { cpu: number; memoryMiB: number; gpu: string | null; timeoutSeconds: number } | null;
  /** What its runner would register with. */
  runnerLabels: string[] | null;
  limits: LimitUse[];
  unseen: Unseen[];
}

/** No job has it. 0 is taken: Sandboxes that are kept ready are for it. */
const nobody = -1;

/** What would be decided if such a job were queued at this moment. */
export async function explainLabels(
  asked: { labels: readonly string[]; repository: string; isForkPullRequest: boolean },
  fleet: Pick<FleetAccess, "policy" | "policyText" | "github" | "modal">,
  { now }: { now(): number },
): Promise<LabelsExplanation> {
  const { policy, policyText } = fleet;
  const { repository, isForkPullRequest } = asked;
  const labels = [...asked.labels];
  const job: Job = {
    ...{ id: nobody, runId: 0, runAttempt: 1, name: "", status: "queued", conclusion: null, runnerName: null },
    ...{ htmlUrl: "", createdAt: now(), labels, repository, isForkPullRequest },
  };
  const looking = new Looking();
  // What the policy refuses, it refuses whatever runs at the moment.
  const refused = refusal(job, policy);
  const observed = refused ? undefined : await observeJobs(fleet, async () => [job], { looking, now });
  const decisions = observed && decideNow(observed, fleet, now());
  const decision = refused ?? decisionAbout(job, decisions, fleet);
  const match = resolveJob(policy, labels);
  const pool = match.kind === "pool" ? match.pool.name : undefined;
  return {
    labels,
    repository,
    decision: decision ? describe(decision, policyBehind(decision.reason, { policy, labels, pool }, policyText)) : null,
    pool: pool ?? null,
    resources: match.kind === "pool" ? withoutGaps(match.resources) : null,
    runnerLabels: match.kind === "pool" ? match.labels : null,
    limits:
      pool && observed?.sandboxes
        ? limitsFor({ pool, repository }, policy, observed.sandboxes, observed.spentToday)
        : [],
    unseen: looking.unseen,
  };
}

function describe({ reason, detail }: Decision, policy: ExplainedDecision["policy"]): ExplainedDecision {
  return { reason, meaning: reasons[reason], detail: detail.replaceAll(`job ${nobody}`, "such a job"), policy };
}

function withoutGaps({ gpu, ...rest }: Resources): LabelsExplanation["resources"] {
  return { ...rest, gpu: gpu ?? null };
}
