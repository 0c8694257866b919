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
  event: z.string(),
});

type Delivery = z.output<typeof deliverySchema>;

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
      const deliveries = (await orGone(readDeliveries(octokit, path, since))) ?? [];
      for (const { id, guid } of failed(deliveries)) {
        if (count >= mostAtOnce) return count;
        if (this.#asked.has(guid)) continue;
        this.#asked.set(guid, now);
        if (await orGone(octokit.request(`POST ${path}/deliveries/${id}/attempts`))) count++;
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

/** Newest first, from now back to `since`. */
async function readDeliveries(octokit: Octokit, path: string, since: number): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  const pages = octokit.paginate.iterator(`GET ${path}/deliveries`, { per_page: 100 });
  for await (const { data } of pages) {
    const page = z.array(deliverySchema).parse(data);
    deliveries.push(...page.filter((delivery) => delivery.delivered_at >= since));
    if (page.some((delivery) => delivery.delivered_at < since)) break;
  }
  return deliveries;
}

/** The first attempt at each delivery that never succeeded, oldest first. */
function failed(deliveries: readonly Delivery[]): Delivery[] {
  const attempts = Map.groupBy(deliveries, ({ guid }) => guid);
  return [...attempts.values()]
    .filter((all) => all.length < mostAttempts && all.every(({ status }) => status !== "OK"))
    .flatMap((all) => all.filter(({ event, redelivery }) => event === "workflow_job" && !redelivery))
    .reverse();
}
