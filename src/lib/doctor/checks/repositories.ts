// Which repositories may use the fleet, and whether GitHub lets its runners serve them.
import type { Octokit } from "@octokit/rest";
import type { RepositoryFacts } from "../../github/jobs.ts";
import { hostedGroupId } from "../../github/runners.ts";
import type { Policy } from "../../policy/schema.ts";
import { amount, type Check, type Finding, fail, list, notApplicable, ok, together, warn } from "../check.ts";

export const repositories: Check = {
  id: "repositories",
  title: "Repositories",
  needs: ["policy", "rate-limit"],
  async run({ github, local }) {
    const { policy, file } = await local.policy();
    const { owner } = policy.github;
    const { repositories: patterns } = policy.access;
    const { seen, allowed } = await github.repositories();
    const isOwners = ({ account }: { account: string }) => account.toLowerCase() === owner.toLowerCase();
    const page = (await github.apps()).flatMap(({ installations }) => installations).find(isOwners);
    const give = page ? `Give the App more of them: ${page.htmlUrl}` : "Give the token access to them.";
    if (allowed.length === 0) {
      const detail = `Of ${amount(seen.length, "repository", "repositories")} that GitHub shows us of ${owner}, the policy lets in none (${list(patterns)}).`;
      return fail(detail, give, `Or mend access.repositories in ${file}, then: modal-gha deploy`);
    }
    const has = (name: string) => seen.some((each) => each.name.toLowerCase() === name.toLowerCase());
    const unseen = patterns.filter((pattern) => !pattern.includes("*") && !has(pattern));
    if (unseen.length > 0) {
      const detail = `The policy names ${list(unseen)}, which GitHub does not show us.`;
      return warn(detail, give, `Or take the name out of access.repositories in ${file}.`);
    }
    const names = list(
      allowed.map(({ name }) => name),
      3,
    );
    return ok(`${amount(allowed.length, "repository", "repositories")} of ${seen.length} may use the fleet: ${names}.`);
  },
};

export const runnerGroup: Check = {
  id: "runner-group",
  title: "Runner group",
  needs: ["repositories"],
  async run({ github, local }) {
    const { policy } = await local.policy();
    const { owner, scope, runnerGroup: wanted } = policy.github;
    if (scope === "repository") return notApplicable("Runners are registered in the repositories themselves.");
    const [octokit] = await github.octokits();
    const groups = await octokit.paginate("GET /orgs/{org}/actions/runner-groups", { org: owner, per_page: 100 });
    const group = groups.find(({ id, name }) =>
      typeof wanted === "number" ? id === wanted : name.toLowerCase() === wanted.toLowerCase(),
    );
    const page = `${await github.webUrl()}/organizations/${owner}/settings/actions/runner-groups`;
    if (!group) {
      const names = groups.map(({ id, name }) => `${name} (${id})`);
      const detail = `${owner} has no runner group ${wanted}; there are: ${list(names, 10)}.`;
      return fail(detail, "Mend github.runner-group in the policy, then: modal-gha deploy", `Or make it: ${page}`);
    }
    if (group.id === hostedGroupId) {
      return fail("Group 2 is for runners that GitHub hosts.", "Mend github.runner-group in the policy.");
    }
    const { allowed } = await github.repositories();
    return judge(group, await visibleTo(octokit, owner, group), allowed, `${page}/${group.id}`, policy);
  },
};

/** What the API says of a group: docs.github.com/rest/actions/self-hosted-runner-groups. */
interface Group {
  id: number;
  name: string;
  visibility: string;
  allows_public_repositories: boolean;
  restricted_to_workflows?: boolean;
  selected_workflows?: string[];
}

/** Whether jobs of a repository may use the group at all. */
type Visibility = (repository: RepositoryFacts) => boolean;

async function visibleTo(octokit: Octokit, owner: string, { id, visibility }: Group): Promise<Visibility> {
  if (visibility === "all") return () => true;
  if (visibility === "private") return ({ isPrivate }) => isPrivate;
  const route = "GET /orgs/{org}/actions/runner-groups/{runner_group_id}/repositories";
  const selected = await octokit.paginate(route, { org: owner, runner_group_id: id, per_page: 100 });
  const ids = new Set(selected.map((each) => each.id));
  return (repository) => ids.has(repository.id);
}

function judge(
  group: Group,
  isVisible: Visibility,
  allowed: readonly RepositoryFacts[],
  page: string,
  policy: Policy,
): Finding {
  const findings: Finding[] = [];
  // That a group is closed to some of many may be meant; not to one that the policy names, or to all.
  const isNamed = ({ name }: RepositoryFacts) =>
    policy.access.repositories.some((pattern) => pattern.toLowerCase() === name.toLowerCase());
  const severity = (them: readonly RepositoryFacts[]) =>
    them.length === allowed.length || them.some(isNamed) ? fail : warn;
  const hidden = allowed.filter((repository) => !isVisible(repository));
  const names = (them: readonly RepositoryFacts[]) => list(them.map(({ name }) => name));
  if (hidden.length > 0) {
    const detail = `The group ${group.name} is not open to ${names(hidden)}: their jobs stay queued.`;
    findings.push(severity(hidden)(detail, `Open it to them: ${page}`));
  }
  const shut = allowed.filter((repository) => !repository.isPrivate && !hidden.includes(repository));
  if (!group.allows_public_repositories && shut.length > 0) {
    const detail = `The group ${group.name} is closed to public repositories, such as ${names(shut)}: their jobs stay queued.`;
    const risk =
      policy.access.forkPullRequests === "deny" ? "" : " Mind that anybody may then send jobs by a pull request.";
    findings.push(severity(shut)(detail, `Allow public repositories: ${page}${risk}`));
  }
  if (group.restricted_to_workflows) {
    const workflows = list(group.selected_workflows ?? []) || "none";
    findings.push(warn(`The group ${group.name} serves these workflows alone: ${workflows}.`, `Change it: ${page}`));
  }
  if (findings.length > 0) return together(findings);
  const whom = allowed.length === 1 ? "the repository that uses" : `all ${allowed.length} repositories that use`;
  return ok(`${group.name} is open to ${whom} the fleet.`);
}
