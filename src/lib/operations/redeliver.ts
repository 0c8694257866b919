// Lets GitHub send deliveries once more, and waits for what comes of it. GitHub takes the wish at once, and lists the new
// attempt when it is over.
import { AbortError } from "../cli/errors.ts";
import { explainError } from "../cli/explain-error.ts";
import {
  type Delivery,
  type Hook,
  isDelivered,
  readDeliveries,
  readDelivery,
  redeliver as redeliverAt,
} from "../github/deliveries.ts";
import { inBatches } from "./batches.ts";
import type { DeliveryAccess } from "./delivery-access.ts";
import { type FoundDelivery, failureWords } from "./list-deliveries.ts";

/** A delivery that is to be sent once more. */
export interface Redeliverable {
  id: string;
  guid: string;
  event: string;
  action: string | null;
  hook: Hook;
}

/** `refused`: GitHub did not take the wish. `pending`: it did, and the new attempt is not over yet. */
export type RedeliveryResult = "delivered" | "failed" | "pending" | "refused";

export interface Redelivered {
  id: string;
  guid: string;
  event: string;
  action: string | null;
  result: RedeliveryResult;
  /** Of the new attempt; null before its end. */
  newId: string | null;
  statusCode: number | null;
  /** What went wrong, in words. */
  failure: string | null;
}

export interface RedeliveryWait {
  waitMs: number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Rejects when it is interrupted. */
  sleep(ms: number): Promise<void>;
}

/** Each is a call that costs five points of GitHub's secondary limit. */
const atOnce = 5;
const pollMs = 1000;
/** Clocks differ: attempts of so long before count as possible answers, unless they were known before. */
const leewayMs = 5 * 60_000;

/**
 * The deliveries of these ids. All of them, before any is sent.
 * @throws AbortError when one is not known
 */
export function findByIds(access: DeliveryAccess, ids: readonly string[]): Promise<Redeliverable[]> {
  return inBatches([...new Set(ids)], atOnce, async (id) => {
    for (const hook of access.hooks) {
      const delivery = /^\d+$/.test(id) ? await readDelivery(hook, id) : undefined;
      if (delivery) return { id, guid: delivery.guid, event: delivery.event, action: delivery.action ?? null, hook };
    }
    throw new AbortError(`There is no delivery ${id}.`, {
      code: "no-such-delivery",
      why: "GitHub keeps deliveries for 3 days, and those of this fleet's webhooks alone can be sent from here.",
      nextSteps: ["modal-gha deliveries ls", "modal-gha deliveries redeliver --failed"],
    });
  });
}

export function redeliverableOf({ listed, hook }: FoundDelivery): Redeliverable {
  const { id, guid, event, action } = listed;
  return { id, guid, event, action, hook };
}

/** Sends each once more; in the order in which they were first sent, as far as they are given so. */
export async function redeliverAll(
  chosen: readonly Redeliverable[],
  { waitMs, now, sleep }: RedeliveryWait,
): Promise<Redelivered[]> {
  const hooks = [...new Set(chosen.map(({ hook }) => hook))];
  const since = now() - leewayMs;
  const attempts = async () => {
    const lists = await Promise.all(hooks.map((hook) => readDeliveries(hook.octokit, hook.path, since)));
    return lists.flatMap(({ deliveries }) => deliveries);
  };
  const known = new Set((await attempts()).map(({ id }) => id));
  const results = await inBatches(chosen, atOnce, async ({ hook, ...delivery }): Promise<Redelivered> => {
    const none = { newId: null, statusCode: null, failure: null };
    try {
      await redeliverAt(hook, delivery.id);
      return { ...delivery, result: "pending", ...none };
    } catch (error) {
      const { message, why } = explainError(error);
      return { ...delivery, result: "refused", ...none, failure: why === undefined ? message : `${message} ${why}` };
    }
  });
  const deadline = now() + waitMs;
  while (results.some(({ result }) => result === "pending")) {
    const fresh = (await attempts()).filter(({ id }) => !known.has(id));
    for (const each of results) if (each.result === "pending") settle(each, fresh);
    const leftMs = deadline - now();
    if (leftMs <= 0) break;
    if (results.some(({ result }) => result === "pending")) await sleep(Math.min(pollMs, leftMs));
  }
  return results;
}

function settle(asked: Redelivered, fresh: readonly Delivery[]): void {
  const own = fresh.filter(({ guid }) => guid === asked.guid);
  const attempt = own.find(isDelivered) ?? own[0];
  if (!attempt) return;
  const isGood = isDelivered(attempt);
  Object.assign(asked, {
    result: isGood ? "delivered" : "failed",
    newId: attempt.id,
    statusCode: attempt.status_code,
    failure: isGood ? null : failureWords(attempt),
  });
}
