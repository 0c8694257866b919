// Proves that GitHub and the controller hold the same webhook secret, by a webhook that GitHub signs: nobody needs to
// know the secret for that, nor is it shown.
import { setTimeout as sleepFor } from "node:timers/promises";
import { type Delivery, type Hook, isDelivered, readDeliveries, readDelivery, redeliver } from "../deliveries.ts";
import { isRequestError } from "../errors.ts";
import { type AppAccess, appOctokit, asApp } from "./app.ts";
import { type HookVerdict, judge, judgePing } from "./hook-verdict.ts";

export interface VerifyOptions {
  /** Milliseconds since the epoch: a delivery that succeeded since then is proof enough, and none is sent again. */
  since?: number;
  signal?: AbortSignal;
  /** How long GitHub may take to send and list it. */
  timeoutMs?: number;
  /** Waits so many milliseconds; rejects when the signal is aborted. */
  sleep?(ms: number, signal: AbortSignal | undefined): Promise<unknown>;
}

const defaultTimeoutMs = 60_000;
const firstPauseMs = 500;
const longestPauseMs = 5_000;
/** Deliveries that GitHub no longer sends again are passed over, so many. */
const mostCandidates = 5;
/** A controller that scales to zero may take longer to start than GitHub waits: it is given a second chance. */
const mostAttempts = 2;

/**
 * Verifies an App's webhook: sends the newest ping once more, or else another recent webhook (which is harmless: the
 * controller does nothing for a job that it has seen to), and waits for what became of it.
 * @throws SetupError (app-not-found, app-key-refused); RequestError; the signal's reason
 */
export async function verifyHook(access: AppAccess, options: VerifyOptions = {}): Promise<HookVerdict> {
  const hook = { octokit: appOctokit(access), path: "/app/hook" };
  return asApp(access, () => verifyByRedelivery(hook, options));
}

/** @throws RequestError; the signal's reason */
export async function verifyByRedelivery(hook: Hook, options: VerifyOptions = {}): Promise<HookVerdict> {
  const { since = Number.POSITIVE_INFINITY } = options;
  for (let attempt = 1; ; attempt++) {
    const listed = await newest(hook);
    const proof = listed.find((each) => each.delivered_at >= since && isDelivered(each));
    const verdict = proof ? await judgeDelivery(hook, proof) : await sendAgain(hook, listed, options);
    if (verdict.verdict !== "unreachable" || attempt === mostAttempts) return verdict;
  }
}

/**
 * Asks GitHub for a ping to a webhook of an organisation or repository, and waits for what became of it.
 * @throws RequestError; the signal's reason
 */
export async function pingHook(hook: Hook, options: VerifyOptions = {}): Promise<HookVerdict> {
  for (let attempt = 1; ; attempt++) {
    const known = new Set((await newest(hook)).map(({ id }) => id));
    await hook.octokit.request(`POST ${hook.path}/pings`);
    const verdict = await awaitAttempt(hook, ({ id, event }) => event === "ping" && !known.has(id), options);
    if (verdict.verdict !== "unreachable" || attempt === mostAttempts) return verdict;
  }
}

async function sendAgain(hook: Hook, listed: readonly Delivery[], options: VerifyOptions): Promise<HookVerdict> {
  const known = new Set(listed.map(({ id }) => id));
  for (const { id, guid } of candidates(listed)) {
    try {
      await redeliver(hook, id);
    } catch (error) {
      // Too old, or of a kind that is not sent again: the next one.
      if (isRequestError(error) && [400, 404, 422].includes(error.status)) continue;
      throw error;
    }
    return awaitAttempt(hook, (each) => each.guid === guid && !known.has(each.id), options);
  }
  const detail = "GitHub has sent nothing in the last days that could be sent again; run any workflow, then try again.";
  return { verdict: "no-delivery", detail };
}

/** The newest attempt at each, pings first, news of jobs last. */
function candidates(listed: readonly Delivery[]): Delivery[] {
  const rank = ({ event }: Delivery) => (event === "ping" ? 0 : event === "workflow_job" ? 2 : 1);
  const newest = new Map(listed.toReversed().map((delivery) => [delivery.guid, delivery]));
  return [...newest.values()]
    .sort((a, b) => rank(a) - rank(b) || b.delivered_at - a.delivered_at)
    .slice(0, mostCandidates);
}

/** Waits for an attempt to be listed, which it is when it is over. */
async function awaitAttempt(
  hook: Hook,
  fits: (delivery: Delivery) => boolean,
  { signal, timeoutMs = defaultTimeoutMs, sleep = pause }: VerifyOptions,
): Promise<HookVerdict> {
  let waited = 0;
  for (let pauseMs = firstPauseMs; waited < timeoutMs; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
    await sleep(pauseMs, signal);
    waited += pauseMs;
    const found = (await newest(hook)).find(fits);
    if (found) return judgeDelivery(hook, found);
  }
  const seconds = Math.round(timeoutMs / 1000);
  return { verdict: "no-delivery", detail: `GitHub has not sent the webhook, or not listed it, within ${seconds} s.` };
}

async function judgeDelivery(hook: Hook, delivery: Delivery): Promise<HookVerdict> {
  const verdict = { ...judge(delivery.status_code, delivery.status), deliveryId: delivery.id };
  if (delivery.event !== "ping" || verdict.verdict !== "ok") return verdict;
  return judgePing(verdict, String((await readDelivery(hook, delivery.id))?.answer ?? ""));
}

/** Newest first; the last hundred. */
async function newest({ octokit, path }: Hook): Promise<Delivery[]> {
  return (await readDeliveries(octokit, path, 0, 1)).deliveries;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<unknown> {
  return sleepFor(ms, undefined, signal ? { signal } : {});
}
