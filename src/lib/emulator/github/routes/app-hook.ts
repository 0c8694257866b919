// The webhook of a GitHub App: its configuration, and the log of its deliveries.
import type { Hono } from "hono";
import { z } from "zod";
import { requireApp } from "../authentication.ts";
import { readBody } from "../body.ts";
import type { ApiEnv, GitHub } from "../context.ts";
import { GitHubError, notFound } from "../errors.ts";
import type { App, Delivery } from "../model.ts";
import { perPage, setLinks } from "../pagination.ts";
import { deliveryItem, deliveryResponse, hookConfigResponse } from "../responses/apps.ts";

const configBody = z.object({
  url: z.string().optional(),
  content_type: z.enum(["json", "form"]).optional(),
  secret: z.string().optional(),
  insecure_ssl: z.union([z.enum(["0", "1"]), z.literal(0), z.literal(1)]).optional(),
});

export function addAppHookRoutes(api: Hono<ApiEnv>, { deliveries }: GitHub): void {
  const find = (app: App, id: string): Delivery => {
    const delivery = deliveries.of(app).find((each) => String(each.id) === id);
    if (!delivery) throw notFound();
    return delivery;
  };

  api.get("/app/hook/config", (context) => context.json(hookConfigResponse(requireApp(context))));

  api.patch("/app/hook/config", async (context) => {
    const app = requireApp(context);
    const body = await readBody(context, configBody);
    app.hook.url = body.url ?? app.hook.url;
    app.hook.contentType = body.content_type ?? app.hook.contentType;
    app.hook.secret = body.secret ?? app.hook.secret;
    app.hook.insecureSsl =
      body.insecure_ssl === undefined ? app.hook.insecureSsl : Number(body.insecure_ssl) ? "1" : "0";
    return context.json(hookConfigResponse(app));
  });

  api.get("/app/hook/deliveries", (context) => {
    const { status, cursor } = context.req.query();
    const wanted = deliveries.of(requireApp(context)).filter((delivery) => {
      const succeeded = delivery.statusCode < 400;
      return status === undefined || succeeded === (status === "success");
    });
    // A cursor names the first delivery of its page: pages stay put while new deliveries come in.
    const start = cursor === undefined ? 0 : wanted.findIndex((delivery) => cursorOf(delivery) === cursor);
    if (start < 0) throw new GitHubError(400, "Invalid cursor");
    const end = start + perPage(context);
    const next = wanted[end];
    if (next) setLinks(context, "cursor", { next: cursorOf(next) });
    return context.json(wanted.slice(start, end).map(deliveryItem));
  });

  api.get("/app/hook/deliveries/:id", (context) =>
    context.json(deliveryResponse(find(requireApp(context), context.req.param("id")))),
  );

  api.post("/app/hook/deliveries/:id/attempts", (context) => {
    const app = requireApp(context);
    deliveries.redeliver(app, find(app, context.req.param("id")));
    return context.json({}, 202);
  });
}

function cursorOf(delivery: Delivery): string {
  return `v1_${delivery.id}`;
}
