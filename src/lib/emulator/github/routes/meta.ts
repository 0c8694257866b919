// Endpoints about the API itself: its root, /meta and /rate_limit.
import type { components } from "@octokit/openapi-types";
import type { Hono } from "hono";
import type { ApiEnv, GitHub } from "../context.ts";

type Schemas = components["schemas"];

export function addMetaRoutes(api: Hono<ApiEnv>, { urls, rateLimits }: GitHub): void {
  api.get("/", (context) =>
    context.json({
      current_user_url: urls.api("/user"),
      organization_url: urls.api("/orgs/{org}"),
      rate_limit_url: urls.api("/rate_limit"),
      repository_url: urls.api("/repos/{owner}/{repo}"),
      user_url: urls.api("/users/{user}"),
    }),
  );

  api.get("/meta", (context) => {
    const meta: Schemas["api-overview"] = {
      verifiable_password_authentication: false,
      hooks: ["127.0.0.1/32"],
      web: ["127.0.0.1/32"],
      api: ["127.0.0.1/32"],
      actions: ["127.0.0.1/32"],
    };
    return context.json(meta);
  });

  api.get("/rate_limit", (context) => {
    const core = rateLimits.primary(context.get("caller"));
    const unlimited = { limit: 10_000, used: 0, remaining: 10_000, reset: core.reset };
    const overview: Schemas["rate-limit-overview"] = {
      resources: { core, search: { ...unlimited, limit: 30, remaining: 30 }, actions_runner_registration: unlimited },
      rate: core,
    };
    return context.json(overview);
  });
}
