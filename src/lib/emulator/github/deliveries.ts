// Webhooks of Apps, organizations and repositories: signs and posts them, keeps what happened for the delivery log, and redelivers on request.
// Never retries by itself, and promises no order, as GitHub does not.
import { createHmac, randomUUID } from "node:crypto";
import type { Events } from "./events.ts";
import type { Ids } from "./ids.ts";
import type { Delivery, Webhook } from "./model.ts";

/** GitHub waits this long for an answer (GHES: 30 s); docs "Handling webhook deliveries". */
const answerTimeoutMs = 10_000;

/** What a seam for faults gets to know of a webhook before it is posted. */
export interface PendingDelivery {
  guid: string;
  event: string;
  action: string | null;
  redelivery: boolean;
  payload: Record<string, unknown>;
}

/**
 * Stands between a webhook and its posting. Call `send` once to deliver; never to lose it without a trace; twice to
 * double it; later to delay it.
 */
export type DeliverySeam = (delivery: PendingDelivery, send: () => Promise<void>) => Promise<void>;

export interface WebhookMessage {
  event: string;
  action: string | null;
  installationId: number | null;
  repositoryId: number | null;
  payload: Record<string, unknown>;
}

interface DeliveriesOptions {
  ids: Ids;
  clock: () => Date;
  events: Events;
  log: (line: string) => void;
  seam: DeliverySeam | undefined;
}

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #closing = new AbortController();
  readonly #posting = new Set<Promise<void>>();
  /** Seams at work; they may delay a webhook for long, so closing does not wait for them. */
  readonly #held = new Set<Promise<void>>();
  /** Newest first. */
  readonly #log: Delivery[] = [];

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** Sends a webhook in the background; nothing when the hook is inactive or has no address. */
  send(hook: Webhook, message: WebhookMessage): void {
    this.#dispatch(hook, message, randomUUID(), false);
  }

  /** Sends a past delivery once more, under its GUID, to the hook's present address. */
  redeliver(hook: Webhook, { event, action, installationId, repositoryId, request, guid }: Delivery): void {
    const message = { event, action, installationId, repositoryId, payload: request.payload };
    this.#dispatch(hook, message, guid, true);
  }

  /** A hook's deliveries, newest first. */
  of(hook: Webhook): Delivery[] {
    return this.#log.filter((delivery) => delivery.hookId === hook.id);
  }

  all(): readonly Delivery[] {
    return this.#log;
  }

  /** Resolves when no delivery is under way. */
  async settled(): Promise<void> {
    while (this.#posting.size + this.#held.size > 0) await Promise.all([...this.#posting, ...this.#held]);
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#posting);
  }

  #dispatch(hook: Webhook, message: WebhookMessage, guid: string, redelivery: boolean): void {
    if (!hook.active || !hook.url || this.#closing.signal.aborted) return;
    const send = () => this.#track(this.#posting, this.#post(hook, message, guid, redelivery));
    const { seam } = this.#options;
    if (!seam) void send();
    else {
      const { event, action, payload } = message;
      void this.#track(this.#held, seam({ guid, event, action, redelivery, payload }, send));
    }
  }

  #track(set: Set<Promise<void>>, work: Promise<void>): Promise<void> {
    const quiet = work
      .catch((error: unknown) => this.#options.log(`webhook: ${String(error)}`))
      .finally(() => set.delete(quiet));
    set.add(quiet);
    return quiet;
  }

  async #post(hook: Webhook, message: WebhookMessage, guid: string, redelivery: boolean): Promise<void> {
    const { ids, clock, events, log } = this.#options;
    if (this.#closing.signal.aborted) return;
    const { url } = hook;
    const { body, headers } = encode(hook, message, guid);
    const deliveredAt = clock();
    const start = performance.now();
    const answer = await this.#fetch(url, body, headers);
    if (this.#closing.signal.aborted) return;
    const { event, action, installationId, repositoryId, payload } = message;
    const delivery: Delivery = {
      id: ids.next("delivery"),
      guid,
      hookId: hook.id,
      event,
      action,
      deliveredAt,
      duration: Math.round(performance.now() - start) / 1000,
      redelivery,
      installationId,
      repositoryId,
      url,
      request: { headers, payload },
      ...answer,
    };
    this.#log.unshift(delivery);
    const isOk = delivery.status === "OK";
    hook.lastResponse = { code: answer.statusCode, status: isOk ? "active" : "misconfigured", message: answer.status };
    log(`webhook ${event}${action ? `.${action}` : ""}: ${delivery.statusCode} ${delivery.status}`);
    events.emit({
      type: "delivery",
      delivery: { id: delivery.id, guid, event, action, statusCode: delivery.statusCode },
    });
  }

  async #fetch(url: string, body: string, headers: Record<string, string>): Promise<Answer> {
    const timeout = AbortSignal.timeout(answerTimeoutMs);
    try {
      const response = await fetch(url, {
        method: "POST",
        body,
        headers,
        redirect: "manual",
        signal: AbortSignal.any([timeout, this.#closing.signal]),
      });
      const payload = await response.text();
      const status = response.ok ? "OK" : `Invalid HTTP Response: ${response.status}`;
      return {
        status,
        statusCode: response.status,
        response: { headers: Object.fromEntries(response.headers), payload },
      };
    } catch {
      const response = { headers: {}, payload: "" };
      if (timeout.aborted) return { status: "timed out", statusCode: 504, response };
      return { status: "failed to connect to host", statusCode: 502, response };
    }
  }
}

type Answer = Pick<Delivery, "status" | "statusCode" | "response">;

/** Body and headers of a webhook; docs "Webhook events and payloads", "Validating webhook deliveries". */
function encode(hook: Webhook, { event, payload }: WebhookMessage, guid: string) {
  const json = JSON.stringify(payload);
  const form = hook.contentType === "form";
  const body = form ? new URLSearchParams({ payload: json }).toString() : json;
  const signature = (algorithm: string) =>
    `${algorithm}=${createHmac(algorithm, hook.secret).update(body).digest("hex")}`;
  const headers: Record<string, string> = {
    Accept: "*/*",
    "Content-Type": form ? "application/x-www-form-urlencoded" : "application/json",
    "User-Agent": "GitHub-Hookshot/5e9c1a0",
    "X-GitHub-Delivery": guid,
    "X-GitHub-Event": event,
    "X-GitHub-Hook-ID": String(hook.id),
    "X-GitHub-Hook-Installation-Target-ID": String(hook.target.id),
    "X-GitHub-Hook-Installation-Target-Type": hook.target.type,
    ...(hook.secret && {
      "X-Hub-Signature": signature("sha1"),
      "X-Hub-Signature-256": signature("sha256"),
    }),
  };
  return { body, headers };
}
