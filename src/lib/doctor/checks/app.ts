// What the GitHub App, or the token in its place, may do, and where the App is installed.
import { type AppFacts, installationUrl } from "../../github/setup/app.ts";
import { missingEvents, missingPermissions } from "../../github/setup/manifest.ts";
import { appSettingsUrl } from "../../github/setup/web-url.ts";
import type { Policy } from "../../policy/schema.ts";
import { type Check, type Finding, fail, lacksRight, list, notApplicable, ok, together } from "../check.ts";
import type { Facts } from "../facts/facts.ts";
import { tokenRights } from "./github.ts";

/** A finding about each App of the fleet, as one. */
export async function ofEachApp(facts: Facts, look: (app: AppFacts, index: number) => Promise<Finding> | Finding) {
  return together(await Promise.all((await facts.github.apps()).map(look)));
}

async function hasApp({ github }: Facts): Promise<boolean> {
  return (await github.credentials()).first.kind === "app";
}

/** The App's settings, for whoever may change them. */
export async function settingsPage(facts: Facts, app: AppFacts): Promise<string> {
  return appSettingsUrl(await facts.github.webUrl(), app);
}

export const permissions: Check = {
  id: "permissions",
  title: "Permissions and events",
  needs: ["policy", "github"],
  async run(facts) {
    if (!(await hasApp(facts))) return tokenRights(facts);
    const { scope } = (await facts.local.policy()).policy.github;
    return ofEachApp(facts, async (app) => {
      const lacking = lackOf(scope, app);
      if (lacking === undefined) return ok(`The App ${app.name} asks for all that the fleet needs.`);
      return lacksRight(
        `The App ${app.name} does not ask for ${lacking}.`,
        `Give it: ${await settingsPage(facts, app)}/permissions`,
        "Then accept it on the installation's page.",
      );
    });
  },
};

/** What is missing, in words. */
function lackOf(scope: Policy["github"]["scope"], has: Pick<AppFacts, "permissions" | "events">): string | undefined {
  const lacking = [
    ...missingPermissions(scope, has.permissions).map((each) => `the permission ${each}`),
    ...missingEvents(has.events).map((each) => `the event ${each}`),
  ];
  return lacking.length > 0 ? list(lacking) : undefined;
}

export const installation: Check = {
  id: "installation",
  title: "Installation",
  needs: ["policy", "github"],
  async run(facts) {
    if (!(await hasApp(facts))) return notApplicable("A token is not installed.");
    const { owner, scope } = (await facts.local.policy()).policy.github;
    return ofEachApp(facts, async (app): Promise<Finding> => {
      const found = app.installations.find(({ account }) => account.toLowerCase() === owner.toLowerCase());
      if (!found) {
        const others = app.installations.map(({ account }) => account);
        const instead = others.length > 0 ? `, but on ${list(others)}` : "";
        const detail = `The App ${app.name} is not installed on ${owner}${instead}.`;
        return fail(detail, `Install it: ${installationUrl(app)}`, "Or mend github.owner in the policy.");
      }
      if (found.isSuspended) {
        return fail(`The App ${app.name} is suspended on ${owner}.`, `Unsuspend it: ${found.htmlUrl}`);
      }
      const lacking = lackOf(scope, found);
      // What the App itself does not ask for is told of by the check of its permissions.
      if (lacking !== undefined && lackOf(scope, app) === undefined) {
        const detail = `${owner} has not accepted ${lacking}, which the App ${app.name} asks for by now.`;
        return lacksRight(detail, `Accept it: ${found.htmlUrl}`);
      }
      const on = found.repositorySelection === "all" ? "all repositories" : "selected repositories";
      return ok(`The App ${app.name} is installed on ${on} of ${owner}.`);
    });
  },
};
