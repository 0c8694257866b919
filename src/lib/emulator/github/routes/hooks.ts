// Webhooks of the organization and of repositories: `/orgs/{org}/hooks` and `/repos/{owner}/{repo}/hooks`.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { organizationFor, repositoryFor } from "../authentication.ts";
import { readBody } from "../body.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import { notFound, unprocessable } from "../errors.ts";
import { isLoopback } from "../loopback.ts";
import type { PlaceHook, Repository } from "../model.ts";
import { page } from "../pagination.ts";
import { hookConfigResponse, organizationHookResponse, repositoryHookResponse } from "../responses/hooks.ts";
import { sendHookPing } from "../webhooks.ts";
import { changeHookConfig, type HookConfig, hookConfigBody } from "./app-hook.ts";
import { addDeliveryRoutes } from "./hook-deliveries.ts";

const events = z.array(z.string());
const newHookBody = z.object({
  name: z.string().optional(),
  config: hookConfigBody,
  events: events.default(["push"]),
  active: z.boolean().default(true),
});
const changeBody = z.object({
  config: hookConfigBody.optional(),
  events: events.optional(),
  add_events: events.optional(),
  remove_events: events.optional(),
  active: z.boolean().optional(),
});

type Level = "read" | "write";

export function addHookRoutes(api: Hono<ApiEnv>, github: GitHub): void {
  addPlace(api, github, "/orgs/:org", (context, level) => {
    organizationFor(github, context, { permission: "organization_hooks", level });
    return undefined;
  });
  addPlace(api, github, "/repos/:owner/:repo", (context, level) =>
    repositoryFor(github, context, { permission: "repository_hooks", level }),
  );
}

/** The same endpoints under the organization and under a repository. */
function addPlace(
  api: Hono<ApiEnv>,
  github: GitHub,
  prefix: string,
  placeOf: (context: Context<ApiEnv>, level: Level) => Repository | undefined,
): void {
  const { hooks, store, urls, clock } = github;
  const base = `${prefix}/hooks`;
  const shown = (hook: PlaceHook) =>
    hook.repository
      ? repositoryHookResponse(hook, hook.repository, urls)
      : organizationHookResponse(hook, store.owner, urls);
  const find = (context: Context<ApiEnv>, level: Level): PlaceHook => {
    const place = placeOf(context, level);
    const hook = hooks.of(place).find(({ id }) => String(id) === context.req.param("hook"));
    if (!hook) throw notFound();
    return hook;
  };

  api.get(base, (context) => context.json(page(context, hooks.of(placeOf(context, "read"))).map(shown)));

  api.post(base, async (context) => {
    const place = placeOf(context, "write");
    const { config, active, events } = await readBody(context, newHookBody);
    assertUrl(config, github);
    const { url = "", content_type: contentType = "form" } = config;
    // One hook for an address and an event.
    const isDouble = hooks.of(place).some((hook) => hook.url === url && hook.events.some((e) => events.includes(e)));
    if (isDouble) throw invalid(`Hook already exists on this ${place ? "repository" : "organization"}`);
    const hook = hooks.add(place, store.owner.id, { url, secret: config.secret ?? "", contentType, active, events });
    changeHookConfig(hook, config);
    sendHookPing(github, hook);
    context.header("Location", shown(hook).url);
    return context.json(shown(hook), 201);
  });

  api.get(`${base}/:hook`, (context) => context.json(shown(find(context, "read"))));

  api.patch(`${base}/:hook`, async (context) => {
    const hook = find(context, "write");
    const body = await readBody(context, changeBody);
    if (body.config) {
      assertUrl(body.config, github);
      // A whole configuration takes the place of the old one: a secret that is not given again is removed.
      Object.assign(hook, { secret: "", contentType: "form", insecureSsl: "0" });
      changeHookConfig(hook, body.config);
    }
    const { add_events: added = [], remove_events: removed = [] } = body;
    const wanted = new Set([...(body.events ?? hook.events), ...added]);
    hook.events = [...wanted].filter((event) => !removed.includes(event));
    hook.active = body.active ?? hook.active;
    hook.updatedAt = clock();
    return context.json(shown(hook));
  });

  api.delete(`${base}/:hook`, (context) => {
    hooks.remove(find(context, "write"));
    return context.body(null, 204);
  });

  api.get(`${base}/:hook/config`, (context) => context.json(hookConfigResponse(find(context, "read"))));

  api.patch(`${base}/:hook/config`, async (context) => {
    const hook = find(context, "write");
    changeHookConfig(hook, await readBody(context, hookConfigBody));
    return context.json(hookConfigResponse(hook));
  });

  api.post(`${base}/:hook/pings`, (context) => {
    sendHookPing(github, find(context, "read"));
    return context.body(null, 204);
  });

  addDeliveryRoutes(api, `${base}/:hook`, github, find);
}

/** @throws GitHubError 422 for an address that is none, or that GitHub could not reach */
function assertUrl({ url = "" }: HookConfig, { refuseLoopbackHooks }: GitHub): void {
  if (url === "") throw invalid("url cannot be blank");
  if (!URL.canParse(url)) throw invalid("url is invalid");
  if (refuseLoopbackHooks && isLoopback(url)) {
    throw invalid(
      `url is not supported because it isn't reachable over the public Internet (${new URL(url).hostname})`,
    );
  }
}

function invalid(message: string) {
  return unprocessable("Validation Failed", [{ resource: "Hook", code: "custom", message }]);
}
