// The REST API as a whole: what every answer has (headers, limits, error bodies) around the endpoints.
import { Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { authenticate } from "./authentication.ts";
import { answerConditionally } from "./conditional.ts";
import type { ApiEnv, GitHub } from "./context.ts";
import { GitHubError, notFound } from "./errors.ts";
import { requestId } from "./ids.ts";
import { addAccountRoutes, addRepositoryRoutes } from "./routes/accounts.ts";
import { addAppHookRoutes } from "./routes/app-hook.ts";
import { addAppRoutes } from "./routes/apps.ts";
import { addHookRoutes } from "./routes/hooks.ts";
import { addJobRoutes } from "./routes/jobs.ts";
import { addConversionRoute } from "./routes/manifest.ts";
import { addMetaRoutes } from "./routes/meta.ts";
import { addReleaseRoutes } from "./routes/releases.ts";
import { addRunnerGroupRoutes } from "./routes/runner-groups.ts";
import { addRunnerRoutes } from "./routes/runners.ts";
import { addRunRoutes } from "./routes/runs.ts";
import { addWorkflowRoutes } from "./routes/workflows.ts";

export function restApi(github: GitHub): Hono<ApiEnv> {
  const api = new Hono<ApiEnv>();
  api.use(async (context, next) => {
    const id = requestId();
    context.set("requestId", id);
    context.set("caller", { kind: "anonymous" });
    await next();
    context.header("X-GitHub-Request-Id", id);
    context.header("X-GitHub-Media-Type", "github.v3; format=json");
    context.header("X-GitHub-Api-Version-Selected", context.req.header("x-github-api-version") ?? "2022-11-28");
    // Clients correct their clock by this header, so it must tell the time that tokens are judged by.
    context.header("Date", github.clock().toUTCString());
    const caller = context.get("caller");
    // A fine-grained token has no scopes, and no header.
    if (caller.kind === "user" && "scopes" in caller.rights) {
      context.header("X-OAuth-Scopes", caller.rights.scopes.join(", "));
    }
    const { limit, used, remaining, reset } = github.rateLimits.primary(caller);
    context.header("X-RateLimit-Limit", String(limit));
    context.header("X-RateLimit-Used", String(used));
    context.header("X-RateLimit-Remaining", String(remaining));
    context.header("X-RateLimit-Reset", String(reset));
    context.header("X-RateLimit-Resource", "core");
  });
  api.use(authenticate(github));
  api.use(async (context, next) => {
    const caller = context.get("caller");
    const { method, path } = context.req;
    // Asking for the limits is free.
    if (path.endsWith("/rate_limit")) return next();
    const leave = github.rateLimits.enter(caller, method, path, context.get("requestId"));
    try {
      await next();
      if (await answerConditionally(context)) github.rateLimits.refund(caller);
    } finally {
      leave();
    }
  });

  addMetaRoutes(api, github);
  addAppRoutes(api, github);
  addAppHookRoutes(api, github);
  addHookRoutes(api, github);
  addConversionRoute(api, github);
  addAccountRoutes(api, github);
  addRepositoryRoutes(api, github);
  addWorkflowRoutes(api, github);
  addRunRoutes(api, github);
  addJobRoutes(api, github);
  addReleaseRoutes(api, github);
  addRunnerRoutes(api, github);
  addRunnerGroupRoutes(api, github);
  api.all("*", () => {
    throw notFound();
  });

  api.onError((error, context) => {
    if (!(error instanceof GitHubError)) {
      github.log(error.stack ?? String(error));
      return context.json(new GitHubError(500, "Server Error").body(), 500);
    }
    for (const [name, value] of Object.entries(error.headers)) context.header(name, value);
    return context.json(error.body(), error.status as ContentfulStatusCode);
  });
  return api;
}
