// What GitHub has told the controller, and what came of it. Attempts at one delivery share a GUID: one that came through at
// any of them has not failed.
import { z } from "zod";
import { type Delivery, type Hook, isDelivered, readDeliveries, readDelivery } from "../github/deliveries.ts";
import { readRepositoryNames } from "../github/jobs.ts";
import { inBatches } from "./batches.ts";
import type { DeliveryAccess } from "./delivery-access.ts";
import { isNamed } from "./repository-filter.ts";

export interface ListedDelivery {
  /** Of the attempt that counts: the last that came through, else the last. */
  id: string;
  guid: string;
  /** ISO 8601; of that attempt. */
  deliveredAt: string;
  event: string;
  action: string | null;
  /** `owner/name`, or its id where its name is not known; null for events of no repository. */
  repository: string | null;
  statusCode: number;
  durationMs: number;
  /** How often it was sent. */
  attempts: number;
  isFailed: boolean;
  /** What went wrong, in words; null when it came through. */
  failure: string | null;
  /** The controller's reason code; null unless asked for, and where the answer holds none. */
  decision: string | null;
}

export interface DeliveryFilter {
  /** Milliseconds since the epoch. */
  since: number;
  failedOnly: boolean;
  events?: readonly string[];
  /** `owner/name`, or the name alone. */
  repositories?: readonly string[];
}

/** A delivery with its attempts, and where it can be asked for again. */
export interface FoundDelivery {
  listed: ListedDelivery;
  hook: Hook;
}

const answersAtOnce = 10;

/** Deliveries of all the fleet's webhooks, the newest first. @throws what Octokit throws */
export async function findDeliveries(access: DeliveryAccess, filter: DeliveryFilter): Promise<FoundDelivery[]> {
  const { since, failedOnly, events, repositories } = filter;
  const lists = access.hooks.map(async (hook) => {
    const { deliveries } = await readDeliveries(hook.octokit, hook.path, since);
    return [...Map.groupBy(deliveries, ({ guid }) => guid).values()].map((attempts) => ({ attempts, hook }));
  });
  const all = (await Promise.all(lists)).flat();
  const names = all.some(({ attempts }) => attempts[0]?.repository_id) ? await repositoryNames(access) : new Map();
  return all
    .map(({ attempts, hook }) => ({ listed: summarise(attempts, names), hook }))
    .filter(({ listed }) => !failedOnly || listed.isFailed)
    .filter(({ listed }) => events === undefined || events.includes(listed.event))
    .filter(({ listed }) => repositories === undefined || isNamed(listed.repository, repositories))
    .sort((a, b) => b.listed.deliveredAt.localeCompare(a.listed.deliveredAt));
}

/** The deliveries with the controller's reason codes: a call for each. */
export function withDecisions(found: readonly FoundDelivery[]): Promise<ListedDelivery[]> {
  return inBatches(found, answersAtOnce, async ({ listed, hook }) => {
    const answer = readAnswer((await readDelivery(hook, listed.id))?.answer);
    return { ...listed, decision: answer?.reason ?? null };
  });
}

/** @param attempts the newest first, as GitHub lists them */
function summarise(attempts: readonly Delivery[], names: ReadonlyMap<number, string>): ListedDelivery {
  const good = attempts.find(isDelivered);
  const shown = good ?? (attempts[0] as Delivery);
  const repositoryId = shown.repository_id;
  return {
    id: shown.id,
    guid: shown.guid,
    deliveredAt: new Date(shown.delivered_at).toISOString(),
    event: shown.event,
    action: shown.action ?? null,
    repository: repositoryId ? (names.get(repositoryId) ?? String(repositoryId)) : null,
    statusCode: shown.status_code,
    durationMs: Math.round(shown.duration * 1000),
    attempts: attempts.length,
    isFailed: good === undefined,
    failure: good ? null : failureWords(shown),
    decision: null,
  };
}

/** One call; a list of deliveries is of use without names as well. */
async function repositoryNames({ octokit, owner, isApp }: DeliveryAccess): Promise<Map<number, string>> {
  return readRepositoryNames(octokit, owner, isApp).catch(() => new Map());
}

/** What an attempt's status says is wrong. GitHub gives 504 and 502 to addresses that did not answer, or not in time. */
export function failureWords({ status, status_code: code }: Pick<Delivery, "status" | "status_code">): string {
  if (/timed? ?out/i.test(status)) return "timed out: no answer within GitHub's 10 s";
  if (/connect|resolve|host|peer|tls|certificate/i.test(status)) return `not reached: ${status}`;
  if (code === 401) return "401: the webhook's secret is another than the controller's";
  if (code === 404) return "404: nothing takes webhooks at this address";
  if (code === 413) return "413: larger than the controller takes";
  if (code >= 500) return `${code}: the controller, or Modal before it, failed`;
  return code > 0 ? `${code}: refused` : status;
}

/** What the controller answers to GitHub: about the job first, then what else that led to. */
export interface ControllerAnswer {
  reason: string;
  detail: string | null;
  more: { reason: string; detail: string | null }[];
}

const outcomeSchema = z.object({
  reason: z.string(),
  detail: z
    .string()
    .nullish()
    .transform((text) => text ?? null),
});
const answerSchema = outcomeSchema.extend({ more: z.array(outcomeSchema).default([]) });

/** The controller's answer, which is JSON; GitHub keeps it as text. Undefined where it is none of its answers. */
export function readAnswer(answer: unknown): ControllerAnswer | undefined {
  let value = answer;
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      return undefined;
    }
  }
  return answerSchema.safeParse(value).data;
}
