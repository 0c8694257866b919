// The answer in a sentence or two: what an operator asked, before the story behind it. Pure.
import { formatDuration } from "../../cli/durations.ts";
import { reasons } from "../../fleet/reasons.ts";
import { type FleetSandbox, runnersAtWork } from "../../fleet/snapshot.ts";
import type { ExplainedDecision } from "./explanation.ts";
import type { Facts, SandboxFacts } from "./facts.ts";
import type { JobDelivery } from "./job-deliveries.ts";

export interface Standing {
  facts: Facts;
  isOurs: boolean;
  decision: ExplainedDecision | null;
  /** The controller's last answer, where it could not do what it had decided. */
  stuckOn: NonNullable<JobDelivery["answer"]> | undefined;
}

export function summarise({ facts, isOurs, decision, stuckOn }: Standing): string {
  const { job, isGuess, now } = facts;
  if (isGuess) return "GitHub cannot be asked about it; its Sandbox tells this much.";
  switch (job.status) {
    case "completed":
      return finished(facts, isOurs);
    case "in_progress": {
      const since = job.startedAt === undefined ? "" : ` since ${formatDuration(now - job.startedAt)}`;
      const whose = isOurs && decision?.reason !== "ignore:foreign-runner" ? "" : ", which is none of this fleet";
      return `It runs${since} on ${job.runnerName ?? "a runner"}${whose}.`;
    }
    case "queued":
      return queued({ facts, isOurs, decision, stuckOn });
    default:
      return `GitHub holds it back (${job.status}): it is not queued for a runner yet.`;
  }
}

function queued({ facts, isOurs, decision, stuckOn }: Standing): string {
  const wait = `It has waited ${formatDuration(facts.now - facts.job.createdAt)} for a runner`;
  if (!isOurs) return `${wait}, and not for one of this fleet: ${decision?.detail ?? "no pool serves it"}.`;
  if (stuckOn) {
    const meaning = stuckOn.reason in reasons ? reasons[stuckOn.reason as keyof typeof reasons] : stuckOn.reason;
    return `${wait}. The controller tried: ${meaning}. ${sentence(stuckOn.detail ?? "")}`.trim();
  }
  if (!decision) return `${wait}. Why cannot be told now: the fleet's Sandboxes are out of sight.${earlier(facts)}`;
  const runners = runnersOf(facts);
  const taken = runners.every(({ isTaken }) => isTaken) ? runners[0]?.runnerName : undefined;
  if (decision.reason === "ignore:already-provisioned" && taken)
    return `${wait}. GitHub has given ${taken}, which was made for it, a job: this one, or another; it gets another runner then.`;
  if (decision.reason === "ignore:already-provisioned") return `${wait}, and one is on its way: ${ownRunner(facts)}.`;
  if (decision.reason === "spawn") return `${wait}. Nothing is in the way of one, and none has been started yet.`;
  const detail = decision.detail === decision.meaning ? "" : ` ${sentence(decision.detail)}`;
  return `${wait}: ${decision.meaning}.${detail}`;
}

/** What the controller said when it heard of the job. */
function earlier({ deliveries }: Facts): string {
  const answer = deliveries?.found.findLast(({ action }) => action === "queued")?.answer;
  return answer ? ` When it was queued, the controller answered ${answer.reason}: ${answer.detail ?? ""}.` : "";
}

/** How far the runner is that was made for a queued job. */
function ownRunner(facts: Facts): string {
  const { observed, sandboxes = [], now } = facts;
  const own = runnersOf(facts).find(({ isTaken }) => !isTaken);
  if (!own) return "its Sandbox is being created";
  const placed = sandboxes.find(({ id }) => id === own.id)?.placedAt;
  if (placed === null)
    return `Modal looks for a machine for Sandbox ${own.id} since ${formatDuration(now - own.createdAt)}`;
  const registration = observed.registrations?.find(({ name }) => name === own.runnerName);
  if (!registration) return `${own.runnerName} starts`;
  return registration.online
    ? `${own.runnerName} is connected, and GitHub has to give it the job`
    : `${own.runnerName} starts`;
}

/** Sandboxes whose tags say that they wait for the job; `isTaken`: GitHub says that their runner is busy. */
function runnersOf({ job, observed }: Facts): (FleetSandbox & { isTaken: boolean })[] {
  const atWork = runnersAtWork(observed.registrations);
  const own = observed.sandboxes?.filter((sandbox) => sandbox.jobId === job.id && !sandbox.busy) ?? [];
  return own.map((sandbox) => ({ ...sandbox, isTaken: atWork.has(sandbox.runnerName) }));
}

function finished({ job, sandboxes = [] }: Facts, isOurs: boolean): string {
  if (job.conclusion === "skipped") return "GitHub skipped it: it needed no runner.";
  if (job.runnerName === null) {
    const waited = job.completedAt === undefined ? "" : ` after ${formatDuration(job.completedAt - job.createdAt)}`;
    return `It ended with ${job.conclusion}${waited}, before a runner took it.`;
  }
  const took = job.startedAt && job.completedAt ? ` after ${formatDuration(job.completedAt - job.startedAt)}` : "";
  const whose = isOurs ? "" : ", which is none of this fleet";
  const ran = sandboxes.find(({ runnerName }) => runnerName === job.runnerName);
  return `It ended with ${job.conclusion}${took} on ${job.runnerName}${whose}.${ran ? cutShort(ran) : ""}`;
}

/** That a Sandbox ended before its job did. */
function cutShort({ exit, end }: SandboxFacts): string {
  if (exit && exit.reason !== "job-completed") return ` Its Sandbox ended before it: ${exit.reason}.`;
  return end && end.reason !== "exited" ? ` Its Sandbox ended before it: ${end.reason}.` : "";
}

function sentence(text: string): string {
  if (text === "") return "";
  const first = text[0] as string;
  // Names of pools, jobs and labels are as they are.
  const begun = /^[a-z]+ /.test(text) ? first.toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
