// GitHub as the fleet sees it: the port of fleet/ports.ts over one Octokit or several, each with a budget of its own.
import { type GitHub, NameTaken } from "../fleet/ports.ts";
import { allowsRepository } from "../policy/match.ts";
import type { Policy } from "../policy/schema.ts";
import { mintCall, type Urgency } from "./calls.ts";
import { Redelivery } from "./deliveries.ts";
import { explainRefusal, Refused } from "./errors.ts";
import { appHooks, hooksTo, isForbidden } from "./hooks.ts";
import { readJob, readRepositoryFacts, readRun, readUnfinishedJobs, takesRunners } from "./jobs.ts";
import { type PacedOctokit, reserve } from "./pace.ts";
import { runnerGroups } from "./runner-groups.ts";
import { listRunners, mintRunner, readRunner, removeRunner, runnersPath } from "./runners.ts";

export interface FleetGitHubOptions {
  octokit: PacedOctokit;
  /** Further Apps of the same fleet, for more budget. */
  others?: readonly PacedOctokit[];
  policy: Policy;
  /** Whether the credentials are an App's; a personal access token lists repositories by another call. */
  isApp: boolean;
  /** Where the fleet's webhooks are sent: with a token, the webhooks of the organisation or repositories are known by it. */
  webhookUrl?: string | undefined;
  /** Hears of a repository that GitHub does not let us look into. */
  warn?(text: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Lists of so many repositories are read at a time. */
const repositoriesAtOnce = 8;

export function fleetGitHub(options: FleetGitHubOptions): GitHub {
  const { octokit: first, others = [], policy, isApp, now } = options;
  const { owner, scope } = policy.github;
  const isOrganization = scope === "organization";
  const pathFor = (repository: string) => runnersPath(scope, owner, repository);
  const where = (repository: string | null) => (isOrganization || repository === null ? owner : repository);
  const managing = isOrganization ? "organization_self_hosted_runners: write" : "administration: write";
  const groupByName = runnerGroups(() => octokitFor("sweep"), owner);
  const redelivery = new Redelivery(now);
  /** Places whose runners GitHub has shown us. */
  const managed = new Set<string | null>();

  /** The first that has room, and so mostly the same: the answers that it remembers are its own. */
  function octokitFor(urgency: Urgency): PacedOctokit {
    const call = { urgency, cost: 1, as: "token" } as const;
    return [first, ...others].find(({ pace }) => pace.budget.room(call) > 0) ?? first;
  }

  async function reach<T>(doing: string, permission: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof NameTaken) throw error;
      return explainRefusal(error, now(), { doing, permission });
    }
  }

  const repositories = () =>
    reach(`list the repositories of ${owner}`, "metadata: read", async () => {
      const all = await readRepositoryFacts(octokitFor("sweep"), owner, isApp);
      // Where a token may not list runners, none of ours can be.
      const served = isApp || isOrganization ? all : all.filter(takesRunners);
      return served.map(({ name }) => name).filter((repository) => allowsRepository(policy, repository));
    });

  return {
    mintRunner: ({ repository, name, labels, runnerGroupId }) =>
      reach(`register a runner for ${where(repository)}`, managing, async () => {
        const path = pathFor(repository);
        const { runnerGroup } = policy.github;
        const groupId = typeof runnerGroup === "string" ? await groupByName(runnerGroup) : runnerGroupId;
        const request = { name, labels, groupId };
        const call = mintCall(path);
        const room = ({ pace }: PacedOctokit) => pace.budget.room(call);
        const [most = first, ...rest] = [first, ...others].sort((a, b) => room(b) - room(a));
        const { by, reserved } = await reserve([most, ...rest], call);
        return mintRunner(by, path, request, reserved);
      }),
    deregister: (registrationId, repository) =>
      reach(`remove a runner of ${where(repository)}`, managing, () =>
        removeRunner(octokitFor("finish"), pathFor(repository), registrationId),
      ),
    registration: (registrationId, repository) =>
      reach(`read a runner of ${where(repository)}`, managing, () => {
        const place = isOrganization ? null : repository;
        return readRunner(octokitFor("sweep"), pathFor(repository), registrationId, place);
      }),
    job: (repository, jobId) =>
      reach(`read job ${jobId} of ${repository}`, "actions: read", () =>
        readJob(octokitFor("finish"), repository, jobId),
      ),
    run: (repository, runId) =>
      reach(`read run ${runId} of ${repository}`, "actions: read", () =>
        readRun(octokitFor("finish"), repository, runId),
      ),
    repositories,
    registrations: async () => {
      const places = isOrganization ? [null] : await repositories();
      const refused: Refused[] = [];
      const found = await inTurns(places, async (place) => {
        try {
          const ofPlace = await reach(`list the runners of ${where(place)}`, managing, () =>
            listRunners(octokitFor("sweep"), pathFor(place ?? ""), place),
          );
          managed.add(place);
          return ofPlace;
        } catch (error) {
          // Where we were never let in, there is no runner of ours; the others must not wait for it.
          if (!(error instanceof Refused) || !isForbidden(error.cause) || managed.has(place)) throw error;
          refused.push(error);
          return [];
        }
      });
      if (refused[0] && refused.length === places.length) throw refused[0];
      for (const { message } of refused) options.warn?.(message);
      return found;
    },
    unfinishedJobs: (all) =>
      inTurns(all, async (repository) => {
        try {
          return await reach(`list the jobs of ${repository}`, "actions: read", () =>
            readUnfinishedJobs(octokitFor("sweep"), repository),
          );
        } catch (error) {
          // One repository that cannot be looked into must not keep the others waiting.
          if (!(error instanceof Refused)) throw error;
          options.warn?.(error.message);
          return [];
        }
      }),
    redeliverFailed: (since) =>
      reach("redeliver webhooks", isApp ? "an App's own key" : "webhooks: write", async () => {
        if (isApp) return redelivery.run(appHooks([first, ...others]), since);
        if (options.webhookUrl === undefined) return 0;
        const places = isOrganization ? [pathFor("")] : (await repositories()).map(pathFor);
        return redelivery.run(await hooksTo(options.webhookUrl, first, places), since);
      }),
  };
}

/** What the calls give, in the order of the items; a few at a time. Throws the first failure. */
async function inTurns<T, R>(items: readonly T[], call: (item: T) => Promise<R[]>): Promise<R[]> {
  const results: R[][] = [];
  const left = items.entries();
  // They share one iterator: each takes the next item as it gets free.
  const work = async () => {
    for (const [index, item] of left) results[index] = await call(item);
  };
  await Promise.all(Array.from({ length: repositoriesAtOnce }, work));
  return results.flat();
}
