// The log of a webhook's deliveries, and sending one again: the same for Apps, organizations and repositories.
import type { Context, Hono } from "hono";
import type { ApiEnv, GitHub } from "../context.ts";
import { GitHubError, notFound } from "../errors.ts";
import type { Delivery, Webhook } from "../model.ts";
import { perPage, setLinks } from "../pagination.ts";
import { deliveryItem, deliveryResponse } from "../responses/apps.ts";

/** So long GitHub keeps a delivery (GHES: 7 days); docs "Redelivering webhooks". */
const keptMs = 3 * 24 * 3_600_000;

/**
 * @param base path of the webhook
 * @param hookOf the webhook that the request is about, if its sender may see it
 */
export function addDeliveryRoutes(
  api: Hono<ApiEnv>,
  base: string,
  { deliveries, clock }: GitHub,
  hookOf: (context: Context<ApiEnv>, level: "read" | "write") => Webhook,
): void {
  const kept = (hook: Webhook) => {
    const since = clock().getTime() - keptMs;
    return deliveries.of(hook).filter(({ deliveredAt }) => deliveredAt.getTime() > since);
  };
  const find = (context: Context<ApiEnv>, hook: Webhook): Delivery => {
    const delivery = kept(hook).find((each) => String(each.id) === context.req.param("delivery"));
    if (!delivery) throw notFound();
    return delivery;
  };

  api.get(`${base}/deliveries`, (context) => {
    const { status, cursor } = context.req.query();
    const wanted = kept(hookOf(context, "read")).filter((delivery) => {
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

  api.get(`${base}/deliveries/:delivery`, (context) =>
    context.json(deliveryResponse(find(context, hookOf(context, "read")))),
  );

  api.post(`${base}/deliveries/:delivery/attempts`, (context) => {
    const hook = hookOf(context, "write");
    deliveries.redeliver(hook, find(context, hook));
    return context.json({}, 202);
  });
}

function cursorOf(delivery: Delivery): string {
  return `v1_${delivery.id}`;
}
