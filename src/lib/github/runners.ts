// Runner registrations at GitHub: mint, list, remove; for the organisation or for a job's own repository.
import type { Octokit } from "@octokit/rest";
import { NameTaken } from "../fleet/ports.ts";
import type { Registration } from "../fleet/snapshot.ts";
import { isRequestError, Refused } from "./errors.ts";
import { splitRepository } from "./jobs.ts";
import type { Reserved } from "./pace.ts";

/** Where runners are registered: the path before `/actions/runners`. */
export function runnersPath(scope: "organization" | "repository", owner: string, repository: string): string {
  if (scope === "organization") return `/orgs/${encodeURIComponent(owner)}`;
  const parts = splitRepository(repository);
  return `/repos/${encodeURIComponent(parts.owner)}/${encodeURIComponent(parts.repo)}`;
}

export interface JitRequest {
  name: string;
  labels: string[];
  groupId: number;
}

/**
 * generate-jitconfig: one call, never repeated.
 * @param path of runnersPath
 * @param reserved the call's place in the budget
 * @throws NameTaken on 409; Refused where the runner group is at fault; RequestError otherwise
 */
export async function mintRunner(
  octokit: Octokit,
  path: string,
  { name, labels, groupId }: JitRequest,
  reserved: Reserved,
): Promise<{ registrationId: number; jitConfig: string }> {
  try {
    const { data } = await octokit.request(`POST ${path}/actions/runners/generate-jitconfig`, {
      name,
      runner_group_id: groupId,
      labels,
      work_folder: "_work",
      request: { reserved },
    });
    return { registrationId: data.runner.id, jitConfig: data.encoded_jit_config };
  } catch (error) {
    if (isRequestError(error) && error.status === 409) throw new NameTaken(`a runner ${name} is registered`);
    if (isRequestError(error)) throw groupFault(error, groupId) ?? error;
    throw error;
  }
}

/** The group whose runners GitHub hosts itself. */
export const hostedGroupId = 2;

/** What GitHub says of a group it was given: 403 for its own, 404 for one it does not have, 422 for none at all. */
function groupFault(error: Error & { status: number }, groupId: number): Refused | undefined {
  const mend = `mend runner-group in the policy (GitHub answered ${error.status}: ${error.message})`;
  if (error.status === 403 && groupId === hostedGroupId) {
    return new Refused(`Runner group 2 is for the runners that GitHub hosts: ${mend}`, { cause: error });
  }
  if (error.status === 404 && groupId > hostedGroupId) {
    const otherwise = "or the App is not installed there, or lacks the permission for self-hosted runners";
    return new Refused(`There is no runner group ${groupId}: ${mend}; ${otherwise}`, { cause: error });
  }
  if (error.status === 422 && /runner_group_id|group/i.test(error.message)) {
    return new Refused(`GitHub does not take the runner group ${groupId}: ${mend}`, { cause: error });
  }
  return undefined;
}

/** Removes a registration. GitHub answers 422 while a job runs on it (docs.github.com/rest/actions/self-hosted-runners). */
export async function removeRunner(
  octokit: Octokit,
  path: string,
  registrationId: number,
): Promise<"removed" | "absent" | "busy"> {
  try {
    await octokit.request(`DELETE ${path}/actions/runners/${registrationId}`);
    return "removed";
  } catch (error) {
    const { status } = error as { status?: number };
    if (status === 404) return "absent";
    if (status === 422) return "busy";
    throw error;
  }
}

/** All registrations under a path; `repository` marks those of one repository. */
export async function listRunners(octokit: Octokit, path: string, repository: string | null): Promise<Registration[]> {
  const runners: Registration[] = [];
  const perPage = 100;
  for (let page = 1; ; page++) {
    const { data } = await octokit.request(`GET ${path}/actions/runners`, { per_page: perPage, page });
    const listed = data.runners as { id: number; name: string; status: string; busy: boolean }[];
    for (const { id, name, status, busy } of listed) {
      runners.push({ id, name, online: status === "online", busy, repository });
    }
    if (listed.length < perPage) return runners;
  }
}
