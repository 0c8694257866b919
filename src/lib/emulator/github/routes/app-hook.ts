// The webhook of a GitHub App: its configuration, and the log of its deliveries.
import type { Hono } from "hono";
import { z } from "zod";
import { requireApp } from "../authentication.ts";
import { readBody } from "../body.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import type { Webhook } from "../model.ts";
import { hookConfigResponse } from "../responses/hooks.ts";
import { addDeliveryRoutes } from "./hook-deliveries.ts";

export const hookConfigBody = z.object({
  url: z.string().optional(),
  content_type: z.enum(["json", "form"]).optional(),
  secret: z.string().optional(),
  insecure_ssl: z.union([z.enum(["0", "1"]), z.literal(0), z.literal(1)]).optional(),
});

export type HookConfig = z.infer<typeof hookConfigBody>;

export function addAppHookRoutes(api: Hono<ApiEnv>, github: GitHub): void {
  api.get("/app/hook/config", (context) => context.json(hookConfigResponse(requireApp(context).hook)));

  api.patch("/app/hook/config", async (context) => {
    const { hook } = requireApp(context);
    changeHookConfig(hook, await readBody(context, hookConfigBody));
    return context.json(hookConfigResponse(hook));
  });

  addDeliveryRoutes(api, "/app/hook", github, (context) => requireApp(context).hook);
}

/** Changes what is given and leaves the rest. */
export function changeHookConfig(hook: Webhook, config: HookConfig): void {
  hook.url = config.url ?? hook.url;
  hook.contentType = config.content_type ?? hook.contentType;
  hook.secret = config.secret ?? hook.secret;
  if (config.insecure_ssl !== undefined) hook.insecureSsl = Number(config.insecure_ssl) ? "1" : "0";
}
