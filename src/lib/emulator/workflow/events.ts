// Which events start a workflow.
// Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax (on.push, on.pull_request).
import { matchesFilter } from "./filter-patterns.ts";
import type { EventFilters, Workflow } from "./workflow-types.ts";

export interface TriggerEvent {
  /** `push`, `workflow_dispatch`, `pull_request`, ... */
  name: string;
  /** Full ref of the event: `refs/heads/main`, `refs/tags/v1`. */
  ref: string;
  /** Base branch of a pull request, without `refs/heads/`. */
  baseRef?: string;
  /** `action` of the event's payload, such as `opened`. */
  action?: string;
  /** Files that the event changed; without it path filters let everything pass, as GitHub does where it knows no diff. */
  changedFiles?: string[];
}

/** The activity types of a pull request that count when the file names none. */
const pullRequestTypes = ["opened", "synchronize", "reopened"];

/** Whether the event starts the workflow. */
export function eventMatches(workflow: Workflow, event: TriggerEvent): boolean {
  const filters = Object.hasOwn(workflow.events, event.name) ? workflow.events[event.name] : undefined;
  if (!filters) return false;
  switch (event.name) {
    case "push":
      return pushMatches(filters, event);
    case "pull_request":
    case "pull_request_target":
      return (
        typeMatches(filters.types ?? pullRequestTypes, event) &&
        listsMatch(filters.branches, filters["branches-ignore"], event.baseRef ?? "") &&
        pathsMatch(filters, event)
      );
    default:
      return typeMatches(filters.types, event);
  }
}

function pushMatches(filters: EventFilters, event: TriggerEvent): boolean {
  const hasBranches = filters.branches !== undefined || filters["branches-ignore"] !== undefined;
  const hasTags = filters.tags !== undefined || filters["tags-ignore"] !== undefined;
  if (event.ref.startsWith("refs/tags/")) {
    // Filters on branches alone leave tags out, and the other way round; paths do not count for tags.
    if (hasBranches && !hasTags) return false;
    return listsMatch(filters.tags, filters["tags-ignore"], event.ref.slice("refs/tags/".length));
  }
  if (hasTags && !hasBranches) return false;
  const branch = event.ref.replace(/^refs\/heads\//, "");
  return listsMatch(filters.branches, filters["branches-ignore"], branch) && pathsMatch(filters, event);
}

function typeMatches(types: string[] | undefined, event: TriggerEvent): boolean {
  return types === undefined || (event.action !== undefined && types.includes(event.action));
}

function listsMatch(only: string[] | undefined, ignore: string[] | undefined, name: string): boolean {
  if (only !== undefined) return matchesFilter(only, name);
  return ignore === undefined || !matchesFilter(ignore, name);
}

function pathsMatch(filters: EventFilters, { changedFiles }: TriggerEvent): boolean {
  return changedFiles === undefined || changedFiles.length === 0
    ? true
    : changedFiles.some((file) => listsMatch(filters.paths, filters["paths-ignore"], file));
}
