// Webhook deliveries that failed, sent once more. GitHub repeats none by itself:
// docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries.
import type { Octokit } from "@octokit/rest";
import { z } from "zod";
import { isRequestError } from "./errors.ts";

/** Where a webhook's deliveries are: `/app/hook`, `/orgs/ORG/hooks/ID` or `/repos/OWNER/NAME/hooks/ID`. */
export interface Hook {
  octokit: Octokit;
  path: string;
}

/** Source: docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook; ids may be beyond the safe integers. */
const deliverySchema = z.object({
  id: z.union([z.number(), z.bigint()]).transform(String),
  guid: z.string(),
  delivered_at: z.string().transform((text) => Date.parse(text)),
  redelivery: z.boolean(),
  status: z.string(),
  status_code: z.number().default(0),
  /** Seconds. */
  duration: z.number().default(0),
  event: z.string(),
  action: z.string().nullish(),
  repository_id: z.number().nullish(),
});

export type Delivery = z.output<typeof deliverySchema>;

/** At most so many in one go: each is a call that costs five points. */
const mostAtOnce = 20;
/** GitHub lists an attempt when it is over: until then, it is not asked for again. */
const pauseMs = 60_000;
/** What failed so often is not the network's fault. */
const mostAttempts = 5;

export class Redelivery {
  readonly #now: () => number;
  readonly #asked = new Map<string, number>();

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Asks for the `workflow_job` deliveries of which no attempt succeeded.
   * @param since milliseconds since the epoch; deliveries that were first sent before are left alone
   * @returns how many
   */
  async run(hooks: readonly Hook[], since: number): Promise<number> {
    const now = this.#now();
    for (const [guid, at] of this.#asked) if (now - at >= pauseMs) this.#asked.delete(guid);
    let count = 0;
    for (const { octokit, path } of hooks) {
      const deliveries = (await orGone(readDeliveries(octokit, path, since)))?.deliveries ?? [];
      for (const { id, guid } of failed(deliveries)) {
        if (count >= mostAtOnce) return count;
        if (this.#asked.has(guid)) continue;
        this.#asked.set(guid, now);
        if (await orGone(redeliver({ octokit, path }, id).then(() => true))) count++;
      }
    }
    return count;
  }
}

/** Undefined where GitHub has no such webhook, or not this delivery any more: then there is nothing to send again. */
async function orGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isRequestError(error) && (error.status === 404 || error.status === 422)) return undefined;
    throw error;
  }
}

/**
 * The deliveries from now back to `since`, newest first. `oldestAt` is how far back the log was read; `isWhole` says that
 * it was read back to `since`, or to its end.
 * @param mostPages of 100 deliveries
 */
export async function readDeliveries(
  octokit: Octokit,
  path: string,
  since: number,
  mostPages = Number.POSITIVE_INFINITY,
): Promise<{ deliveries: Delivery[]; oldestAt: number | undefined; isWhole: boolean }> {
  const deliveries: Delivery[] = [];
  let oldestAt: number | undefined;
  let pagesRead = 0;
  const pages = octokit.paginate.iterator(`GET ${path}/deliveries`, { per_page: 100 });
  for await (const { data, headers } of pages) {
    const page = z.array(deliverySchema).parse(data);
    deliveries.push(...page.filter((delivery) => delivery.delivered_at >= since));
    oldestAt = page.at(-1)?.delivered_at ?? oldestAt;
    if (page.some((delivery) => delivery.delivered_at < since)) break;
    const hasMore = /rel="next"/.test(String(headers.link ?? ""));
    if (++pagesRead >= mostPages && hasMore) return { deliveries, oldestAt, isWhole: false };
  }
  return { deliveries, oldestAt, isWhole: true };
}

/** docs.github.com/rest/apps/webhooks#get-a-delivery-for-an-app-webhook; the response's payload is what the receiver wrote. */
const wholeDeliverySchema = deliverySchema.extend({
  request: z.object({ payload: z.unknown() }).nullish(),
  response: z.object({ payload: z.unknown() }).nullish(),
});

/** A delivery with what was sent and answered. */
export interface WholeDelivery extends Delivery {
  payload: unknown;
  answer: unknown;
}

/** One delivery with the answer to it; undefined when the webhook has none of this id. */
export async function readDelivery({ octokit, path }: Hook, id: string): Promise<WholeDelivery | undefined> {
  const found = await orGone(octokit.request(`GET ${path}/deliveries/${id}`));
  if (!found) return undefined;
  const { request, response, ...delivery } = wholeDeliverySchema.parse(found.data);
  return { ...delivery, payload: request?.payload, answer: response?.payload };
}

/** Asks GitHub to send a delivery once more. @throws RequestError */
export async function redeliver({ octokit, path }: Hook, id: string): Promise<void> {
  await octokit.request(`POST ${path}/deliveries/${id}/attempts`);
}

/** Whether an attempt was answered well. */
export function isDelivered({ status }: Pick<Delivery, "status">): boolean {
  return status === "OK";
}

/** The first attempt at each delivery that never succeeded, oldest first. */
function failed(deliveries: readonly Delivery[]): Delivery[] {
  const attempts = Map.groupBy(deliveries, ({ guid }) => guid);
  return [...attempts.values()]
    .filter((all) => all.length < mostAttempts && !all.some(isDelivered))
    .flatMap((all) => all.filter(({ event, redelivery }) => event === "workflow_job" && !redelivery))
    .reverse();
}
