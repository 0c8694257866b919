// Which repositories to look into for jobs. GitHub lists jobs by run, and runs by repository, so each costs some calls: of
// many repositories only those are looked into in which something happened within the time that a job can wait.
import { readDeliveries } from "../github/deliveries.ts";
import { readRepositories, readRepositoryNames } from "../github/jobs.ts";
import { allowsRepository } from "../policy/match.ts";
import type { FleetAccess } from "./fleet-access.ts";

/** So few are all looked into. */
const fewRepositories = 40;
/** GitHub cancels a job that has waited so long: docs.github.com/actions/reference/limits. */
const longestWaitMs = 24 * 3600_000;
/** Of 100 deliveries each. */
const mostPages = 50;

/**
 * `owner/name` of each. The log of deliveries tells where something happened, also those that did not come through; where
 * it cannot be read, or says nothing, all repositories are looked into.
 * @param isEvery those as well that the policy does not let use the fleet
 */
export async function activeRepositories(
  fleet: Pick<FleetAccess, "policy" | "octokit" | "isApp" | "github" | "hooks">,
  { isEvery, now }: { isEvery: boolean; now: number },
): Promise<string[]> {
  const { octokit, policy, isApp, github } = fleet;
  const all = isEvery ? await readRepositories(octokit, policy.github.owner, isApp) : await github.repositories();
  if (all.length <= fewRepositories) return all;
  const active = await repositoriesInDeliveries(fleet, now - longestWaitMs).catch(() => undefined);
  return active === undefined ? all : all.filter((repository) => active.has(repository));
}

async function repositoriesInDeliveries(
  { hooks, octokit, policy, isApp }: Pick<FleetAccess, "policy" | "octokit" | "isApp" | "hooks">,
  since: number,
): Promise<Set<string> | undefined> {
  const read = await Promise.all(
    (await hooks()).map((hook) => readDeliveries(hook.octokit, hook.path, since, mostPages)),
  );
  const deliveries = read.flatMap((log) => log.deliveries).filter(({ event }) => event === "workflow_job");
  if (deliveries.length === 0 || read.some(({ isWhole }) => !isWhole)) return undefined;
  const names = await readRepositoryNames(octokit, policy.github.owner, isApp);
  const active = deliveries.map(({ repository_id: id }) => names.get(id ?? 0));
  return new Set(active.filter((name) => name !== undefined));
}

/** The same, and those in which the fleet has Sandboxes; of them those that may use the fleet. */
export function withSandboxes(
  repositories: readonly string[],
  sandboxes: readonly { repository: string }[],
  { policy }: Pick<FleetAccess, "policy">,
): string[] {
  const more = sandboxes.map(({ repository }) => repository).filter((name) => !name.endsWith("/*"));
  return [...new Set([...repositories, ...more.filter((name) => allowsRepository(policy, name))])];
}
