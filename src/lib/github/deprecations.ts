// Until when GitHub gives jobs to runners of a version. It ends about two months after the next release, and a runner
// that is too old registers, waits, and gets nothing.
import type { Octokit } from "@octokit/rest";
import type { Policy } from "../policy/schema.ts";
import { isRequestError } from "./errors.ts";

export interface Deprecation {
  version: string;
  /** From then on it gets no jobs; milliseconds since the epoch. */
  deprecatesAt: number;
  /** From then on it cannot register either, where GitHub says so. */
  registrationEndsAt: number | undefined;
}

/** Where runners are registered: an organisation, or one repository. */
export type RunnerScope = { org: string } | { owner: string; repo: string };

const day = 24 * 3_600_000;
const patienceMs = 20_000;
/** Of a version that has less than this left, the operator is warned. */
export const deprecationNoticeMs = 30 * day;

/**
 * `GET …/actions/runners/deprecations/{version}`: in no published description of the API, seen on github.com.
 * @returns undefined when GitHub has no date for this version
 * @throws Octokit's RequestError
 */
export async function readDeprecation(
  octokit: Pick<Octokit, "request">,
  scope: RunnerScope,
  version: string,
): Promise<Deprecation | undefined> {
  const prefix = "org" in scope ? "GET /orgs/{org}" : "GET /repos/{owner}/{repo}";
  try {
    const request = { signal: AbortSignal.timeout(patienceMs) };
    const route = `${prefix}/actions/runners/deprecations/{version}`;
    const { data } = await octokit.request(route, { ...scope, version, request });
    const answer = data as { runtime_deprecates_at?: unknown; registration_deprecates_at?: unknown } | undefined;
    const deprecatesAt = timeOf(answer?.runtime_deprecates_at);
    if (deprecatesAt === undefined) return undefined;
    return { version, deprecatesAt, registrationEndsAt: timeOf(answer?.registration_deprecates_at) };
  } catch (error) {
    if (isRequestError(error) && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Where the policy's runners are registered; where that is in each job's own repository, any one of them.
 * @returns undefined when no repository is known
 * @throws Octokit's RequestError
 */
export async function runnerScope(
  octokit: Octokit,
  policy: Pick<Policy, "github" | "access">,
  isApp: boolean,
): Promise<RunnerScope | undefined> {
  const { owner, scope } = policy.github;
  if (scope === "organization") return { org: owner };
  const named = policy.access.repositories.find((glob) => /^[\w.-]+\/[\w.-]+$/.test(glob));
  if (named !== undefined) {
    const [namedOwner = "", repo = ""] = named.split("/");
    return { owner: namedOwner, repo };
  }
  if (!isApp) return undefined;
  const { data } = await octokit.rest.apps.listReposAccessibleToInstallation({ per_page: 1 });
  const [first] = data.repositories;
  return first && { owner: first.owner.login, repo: first.name };
}

export type DeprecationState = "good" | "soon" | "past";

/** @param now milliseconds since the epoch */
export function deprecationState({ deprecatesAt }: Pick<Deprecation, "deprecatesAt">, now: number): DeprecationState {
  if (deprecatesAt <= now) return "past";
  return deprecatesAt - now < deprecationNoticeMs ? "soon" : "good";
}

/** One sentence for people. @param now milliseconds since the epoch */
export function describeDeprecation(deprecation: Deprecation, now: number): string {
  const { version, deprecatesAt } = deprecation;
  const date = new Date(deprecatesAt).toISOString().slice(0, 10);
  const days = Math.floor(Math.abs(deprecatesAt - now) / day);
  const span = days === 1 ? "1 day" : `${days} days`;
  switch (deprecationState(deprecation, now)) {
    case "past":
      return `Error: runner ${version} is deprecated since ${date}: GitHub gives it no jobs, which stay queued.`;
    case "soon":
      return `Warning: runner ${version} gets no jobs from ${date} on, which is in ${span}.`;
    case "good":
      return `Runner ${version} gets jobs until ${date}, for ${span} more.`;
  }
}

function timeOf(value: unknown): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
}
