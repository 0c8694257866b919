// What a GitHub App does as itself: who it is, where it is installed, and its installation tokens.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { requireApp } from "../authentication.ts";
import { readBody } from "../body.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import { notFound, suspended, unprocessable } from "../errors.ts";
import type { Account, App, Installation, Permissions, Repository } from "../model.ts";
import { page } from "../pagination.ts";
import { appResponse, installationResponse, tokenResponse } from "../responses/apps.ts";
import { sendInstallation } from "../webhooks.ts";

const tokenBody = z.object({
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(z.number()).optional(),
  permissions: z.record(z.string(), z.string()).optional(),
});

export function addAppRoutes(api: Hono<ApiEnv>, github: GitHub): void {
  const { apps, urls, tokens, store, clock } = github;

  api.get("/app", (context) => context.json(appResponse(requireApp(context), urls)));

  api.get("/app/installations", (context) => {
    const app = requireApp(context);
    const installations = app.installation ? [app.installation] : [];
    return context.json(page(context, installations).map((each) => installationResponse(app, each, urls)));
  });

  api.get("/app/installations/:id", (context) => {
    const app = requireApp(context);
    return context.json(installationResponse(app, installationOf(app, Number(context.req.param("id"))), urls));
  });

  api.post("/app/installations/:id/access_tokens", async (context) => {
    const app = requireApp(context);
    const installation = installationOf(app, Number(context.req.param("id")));
    if (installation.suspended) throw suspended();
    const body = await readBody(context, tokenBody);
    const permissions = grant(installation.permissions, body.permissions);
    const named = body.repositories?.map((name) => store.repository(store.owner.login, name));
    const byId = body.repository_ids?.map((id) => store.repositories.find((repository) => repository.id === id));
    const token = tokens.issueForInstallation(app, permissions, chosen(named ?? byId));
    return context.json(tokenResponse(token, urls), 201);
  });

  api.delete("/app/installations/:id", (context) => {
    const app = requireApp(context);
    const installation = installationOf(app, Number(context.req.param("id")));
    app.installation = undefined;
    tokens.revokeOf(app);
    sendInstallation(github, app, installation, "deleted");
    return context.body(null, 204);
  });

  const setSuspended = (context: Context<ApiEnv>, by: Account | undefined) => {
    const app = requireApp(context);
    const installation = installationOf(app, Number(context.req.param("id")));
    installation.suspended = by && { at: clock(), by };
    sendInstallation(github, app, installation, by ? "suspend" : "unsuspend");
    return context.body(null, 204);
  };
  api.put("/app/installations/:id/suspended", (context) => setSuspended(context, store.user));
  api.delete("/app/installations/:id/suspended", (context) => setSuspended(context, undefined));

  api.get("/apps/:slug", (context) => {
    const app = apps.bySlug(context.req.param("slug"));
    if (!app) throw notFound();
    return context.json(appResponse(app, urls));
  });

  const ofAccount = (context: Context<ApiEnv>, found: boolean) => {
    const app = requireApp(context);
    if (!found || !app.installation) throw notFound();
    return context.json(installationResponse(app, app.installation, urls));
  };
  api.get("/repos/:owner/:repo/installation", (context) => {
    const { owner, repo } = context.req.param();
    return ofAccount(context, store.repository(owner, repo) !== undefined);
  });
  api.get("/orgs/:org/installation", (context) => {
    const account = store.account(context.req.param("org"));
    return ofAccount(context, account === store.owner && account.type === "Organization");
  });
  api.get("/users/:username/installation", (context) =>
    ofAccount(context, store.account(context.req.param("username")) === store.owner),
  );
}

function installationOf(app: App, id: number): Installation {
  if (app.installation?.id !== id) throw notFound();
  return app.installation;
}

/** @throws GitHubError 422 when more is asked for than the installation holds */
function grant(held: Permissions, asked: Record<string, string> | undefined): Permissions {
  if (!asked) return held;
  const levels = new Map<string, string | undefined>(Object.entries(held));
  const granted = Object.entries(asked).every(([name, level]) => {
    return levels.get(name) === level || (level === "read" && levels.has(name));
  });
  if (!granted) throw unprocessable("The permissions requested are not granted to this installation.");
  return { ...asked, metadata: "read" };
}

/** @throws GitHubError 422 when one of them is not there */
function chosen(repositories: (Repository | undefined)[] | undefined): Repository[] | undefined {
  if (!repositories) return undefined;
  const known = repositories.filter((repository) => repository !== undefined);
  if (known.length === repositories.length) return known;
  throw unprocessable(
    "There is at least one repository that does not exist or is not accessible to the parent installation.",
  );
}
