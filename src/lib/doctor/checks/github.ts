// The links to GitHub itself: reachable, with the same time, our credentials accepted, and calls left to make.
import { formatDuration } from "../../cli/durations.ts";
import { checkToken } from "../../github/setup/token.ts";
import { type Check, type Finding, fail, lacksRight, list, ok, together, warn } from "../check.ts";
import type { Facts } from "../facts/facts.ts";
import { judgeClock } from "./clock.ts";

const day = 24 * 3_600_000;
const expiryNoticeMs = 14 * day;

export const githubApi: Check = {
  id: "github-api",
  title: "GitHub",
  needs: ["settings"],
  async run({ github }) {
    const url = await github.apiUrl();
    const { status } = await github.reach();
    if (status < 500) return ok(`${url} answers.`);
    return fail(`${url} answered ${status}.`, "See https://www.githubstatus.com, and try again.");
  },
};

export const clock: Check = {
  id: "clock",
  title: "Clock",
  needs: ["github-api"],
  async run({ github }) {
    return judgeClock("GitHub's", (await github.reach()).aheadMs);
  },
};

export const github: Check = {
  id: "github",
  title: "GitHub credentials",
  needs: ["github-api"],
  async run(facts) {
    const { first, warnings } = await facts.github.credentials();
    const findings = first.kind === "app" ? await aboutApps(facts) : [await aboutToken(facts, first.token)];
    const careless = warnings.map((text) => {
      const [what = text, mend = ""] = text.replace(/^Warning: /, "").split(" Mend it: ");
      return warn(what, mend);
    });
    return together([...findings, ...careless]);
  },
};

async function aboutApps({ github }: Facts): Promise<Finding[]> {
  return (await github.apps()).map(({ name, appId }) => ok(`GitHub knows the key of the App ${name} (${appId}).`));
}

async function aboutToken({ github, now, local }: Facts, token: string): Promise<Finding> {
  const { policy } = await local.policy();
  const { Octokit } = await import("@octokit/rest");
  const { octokitDefaults } = await import("../../github/client.ts");
  const octokit = new Octokit({ ...octokitDefaults, baseUrl: await github.apiUrl(), auth: token });
  const { owner, scope } = policy.github;
  const { kind, login, expiresAt } = await checkToken(octokit, { owner, scope, repositories: [] });
  const detail = `A ${kind} token${login === undefined ? "" : ` of ${login}`}.`;
  if (expiresAt === undefined || expiresAt - now() > expiryNoticeMs) return ok(detail);
  const date = new Date(expiresAt).toISOString().slice(0, 10);
  return warn(`${detail} It expires on ${date}.`, "Make a new one, and set MODAL_GHA_GITHUB_TOKEN.", "modal-gha init");
}

/** Below this share of the hour's calls the controller begins to put work off: lib/github/budget.ts. */
const scarce = 0.1;

export const rateLimit: Check = {
  id: "rate-limit",
  title: "GitHub's rate limit",
  needs: ["installation"],
  async run({ github, now }) {
    const { Octokit } = await import("@octokit/rest");
    const { octokitDefaults } = await import("../../github/client.ts");
    const baseUrl = await github.apiUrl();
    const findings = (await github.octokits()).map(async (octokit): Promise<Finding> => {
      // By hand, since an Octokit that keeps to its budget would not ask when there is none left. The answer is free.
      const { token } = (await octokit.auth({ type: "installation" })) as { token: string };
      const free = new Octokit({ ...octokitDefaults, baseUrl, auth: token });
      const limits = await free.rest.rateLimit.get().catch((error: { status?: number }) => {
        // GitHub Enterprise Server, unless its administrator has set limits.
        if (error.status === 404) return undefined;
        throw error;
      });
      if (limits === undefined) return ok("This GitHub has none.");
      const { limit, remaining, reset } = limits.data.resources.core;
      const detail = `${remaining} of ${limit} calls are left for ${formatDuration(reset * 1000 - now())}.`;
      if (remaining > scarce * limit) return ok(detail);
      const more = "Add an App to the fleet: MODAL_GHA_APP_ID_2 and its key share the work.";
      const wait = `Wait until ${new Date(reset * 1000).toISOString()}; the controller goes on by itself.`;
      return remaining === 0 ? fail(detail, wait, more) : warn(detail, wait, more);
    });
    return together(await Promise.all(findings));
  },
};

/** Some of the repositories are enough to see what a token may do; each costs calls. */
const mostRepositories = 3;

/** What a token may not do that the fleet needs. */
export async function tokenRights({ github, local }: Facts): Promise<Finding> {
  const { owner, scope } = (await local.policy()).policy.github;
  const [octokit] = await github.octokits();
  const names = (await github.repositories()).allowed.map(({ name }) => name).slice(0, mostRepositories);
  const { missing, kind } = await checkToken(octokit, { owner, scope, repositories: names });
  const what = kind === "classic" ? "scopes" : "permissions";
  if (missing.length === 0) return ok(`The token has the ${what} that the fleet needs.`);
  return lacksRight(
    `The token lacks the ${what} ${list(missing)}.`,
    "Give them to it on https://github.com/settings/tokens, or make a new one and set MODAL_GHA_GITHUB_TOKEN.",
  );
}
