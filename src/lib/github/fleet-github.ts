// GitHub as the fleet sees it: the port of fleet/ports.ts over Octokit.
import type { Octokit } from "@octokit/rest";
import { type GitHub, NameTaken } from "../fleet/ports.ts";
import { allowsRepository } from "../policy/match.ts";
import type { Policy } from "../policy/schema.ts";
import { explainRefusal } from "./errors.ts";
import { readJob, readRepositories, readUnfinishedJobs } from "./jobs.ts";
import { listRunners, mintRunner, removeRunner, runnersPath } from "./runners.ts";

export interface FleetGitHubOptions {
  octokit: Octokit;
  policy: Policy;
  /** Whether the credentials are an App's; a personal access token lists repositories by another call. */
  isApp: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
}

export function fleetGitHub({ octokit, policy, isApp, now }: FleetGitHubOptions): GitHub {
  const { owner, scope } = policy.github;
  const pathFor = (repository: string) => runnersPath(scope, owner, repository);

  async function reach<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof NameTaken) throw error;
      return explainRefusal(error, now());
    }
  }

  async function repositories(): Promise<string[]> {
    const all = await readRepositories(octokit, owner, isApp);
    return all.filter((repository) => allowsRepository(policy, repository));
  }

  return {
    mintRunner: (request) => reach(() => mintRunner(octokit, pathFor(request.repository), request)),
    deregister: (registrationId, repository) => reach(() => removeRunner(octokit, pathFor(repository), registrationId)),
    job: (repository, jobId) => reach(() => readJob(octokit, repository, jobId)),
    registrations: () =>
      reach(async () => {
        if (scope === "organization") return listRunners(octokit, pathFor(""), null);
        const found = [];
        for (const repository of await repositories()) {
          found.push(...(await listRunners(octokit, pathFor(repository), repository)));
        }
        return found;
      }),
    unfinishedJobs: () =>
      reach(async () => {
        const found = [];
        for (const repository of await repositories()) found.push(...(await readUnfinishedJobs(octokit, repository)));
        return found;
      }),
  };
}
