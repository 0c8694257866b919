// Steps as runners report them, in the two forms of the run service and the results service, to what the API shows.
import { type StepsUpdateRequest, stepConclusion, stepStatus } from "../../runner-protocol.ts";
import { conclusionOf } from "../engine/outcome.ts";
import type { Step } from "../model.ts";
import type { ReportedStep } from "./run-service.ts";

type UpdatedStep = StepsUpdateRequest["steps"][number];

export function stepFromResult(result: ReportedStep): Step {
  const completed = result.status === "completed";
  return {
    externalId: result.external_id,
    number: result.number,
    name: result.name,
    status: completed ? "completed" : result.status === "inProgress" ? "in_progress" : "queued",
    conclusion: completed ? conclusionOf(result.conclusion ?? "succeeded") : null,
    startedAt: date(result.started_at),
    completedAt: date(result.completed_at),
  };
}

export function stepFromUpdate(update: UpdatedStep): Step {
  const completed = update.status === stepStatus.completed;
  return {
    externalId: update.external_id,
    number: update.number,
    name: update.name,
    status: completed ? "completed" : update.status === stepStatus.inProgress ? "in_progress" : "queued",
    conclusion: completed ? updatedConclusion(update.conclusion) : null,
    startedAt: date(update.started_at),
    completedAt: completed ? date(update.completed_at) : null,
  };
}

/** Steps with some of them replaced by newer ones, in the order of their numbers. */
export function mergeSteps(known: readonly Step[], updates: readonly Step[]): Step[] {
  const merged = new Map(known.map((step) => [step.externalId, step]));
  for (const step of updates) merged.set(step.externalId, step);
  return [...merged.values()].sort((a, b) => a.number - b.number);
}

function updatedConclusion(conclusion: UpdatedStep["conclusion"]): Step["conclusion"] {
  switch (conclusion) {
    case stepConclusion.failure:
      return "failure";
    case stepConclusion.cancelled:
      return "cancelled";
    case stepConclusion.skipped:
      return "skipped";
    default:
      return "success";
  }
}

/** Runners send an empty text, or the year 1, for a time that is not yet. */
function date(text: string | null | undefined): Date | null {
  const value = text ? new Date(text) : null;
  return value && value.getFullYear() > 1970 ? value : null;
}
