// Runner registrations at GitHub: mint, list, remove; for the organisation or for a job's own repository.
import type { Octokit } from "@octokit/rest";
import { type MintRequest, NameTaken } from "../fleet/ports.ts";
import type { Registration } from "../fleet/snapshot.ts";
import { splitRepository } from "./jobs.ts";

/** Where runners are registered: the path before `/actions/runners`. */
export function runnersPath(scope: "organization" | "repository", owner: string, repository: string): string {
  if (scope === "organization") return `/orgs/${encodeURIComponent(owner)}`;
  const parts = splitRepository(repository);
  return `/repos/${encodeURIComponent(parts.owner)}/${encodeURIComponent(parts.repo)}`;
}

/**
 * generate-jitconfig: one call, never repeated.
 * @param path of runnersPath
 * @throws NameTaken on 409; RequestError otherwise
 */
export async function mintRunner(
  octokit: Octokit,
  path: string,
  request: MintRequest,
): Promise<{ registrationId: number; jitConfig: string }> {
  try {
    const { data } = await octokit.request(`POST ${path}/actions/runners/generate-jitconfig`, {
      name: request.name,
      runner_group_id: request.runnerGroupId,
      labels: request.labels,
      work_folder: "_work",
    });
    return { registrationId: data.runner.id, jitConfig: data.encoded_jit_config };
  } catch (error) {
    if ((error as { status?: number }).status === 409) throw new NameTaken(`a runner ${request.name} is registered`);
    throw error;
  }
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
