// Runner groups by name: the API wants their ids.
import type { Octokit } from "@octokit/rest";
import { Refused } from "./errors.ts";

/**
 * Makes a function that gives the id of an organisation's runner group, by its name in any case. What was found is not
 * looked up again. For an unknown name it throws Refused, naming the groups there are.
 * @param octokit by which to ask now
 */
export function runnerGroups(octokit: () => Octokit, owner: string): (name: string) => Promise<number> {
  const found = new Map<string, Promise<number>>();

  async function find(name: string): Promise<number> {
    const groups = await octokit().paginate("GET /orgs/{org}/actions/runner-groups", { org: owner, per_page: 100 });
    const group = groups.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (group) return group.id;
    const names = groups.map((each) => each.name).join(", ");
    throw new Refused(`${owner} has no runner group "${name}"; there are: ${names}. Mend runner-group in the policy.`);
  }

  return (name) => {
    const known = found.get(name) ?? find(name);
    found.set(name, known);
    // A group may be made, or access be given, meanwhile.
    known.catch(() => found.delete(name));
    return known;
  };
}
