// What every call passes before its handler: credentials, the seam for injected faults, and replies kept for retries.
import { type CallContext, ServerError, type ServerMiddlewareCall, Status } from "nice-grpc";
import type { Credentials } from "./credentials.ts";

/**
 * Called for every call that has good credentials, before its handler. May wait (latency) and may throw a ServerError.
 * - method: the name on the wire, such as `SandboxCreateV2` or `TaskExecStart`.
 * - request: the decoded message; undefined where the client streams.
 * "drop-reply" lets the call take effect and then fails it with UNAVAILABLE, as when the connection breaks; of a stream,
 * `breakAfter` lets so many messages through first.
 */
export type Intercept = (call: {
  method: string;
  request: unknown;
}) => Promise<"proceed" | "drop-reply" | { breakAfter: number }>;

/** Milliseconds for which a reply is kept; the SDK's retries come within seconds. */
const keptFor = 60_000;

/** Replies by idempotency key: a retried call gets the reply of the first, and takes effect once. */
class Replies {
  readonly #kept = new Map<string, { reply: Promise<unknown>; until: number }>();

  once<Reply>(key: string, call: () => Promise<Reply>): Promise<Reply> {
    const now = Date.now();
    for (const [old, { until }] of this.#kept) {
      if (until > now) break;
      this.#kept.delete(old);
    }
    const kept = this.#kept.get(key);
    // The key names the method, and a method has one type of reply.
    if (kept) return kept.reply as Promise<Reply>;
    const reply = call();
    this.#kept.set(key, { reply, until: now + keptFor });
    // What failed may be tried again.
    reply.catch(() => this.#kept.delete(key));
    return reply;
  }
}

/** A nice-grpc middleware. */
export function gate(credentials: Credentials, intercept: Intercept = async () => "proceed") {
  const replies = new Replies();
  return async function* pass<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ): AsyncGenerator<Response, Response | undefined, undefined> {
    const { path } = call.method;
    await credentials.check(path, context.metadata);
    const request = call.requestStream ? undefined : call.request;
    const fate = await intercept({ method: path.slice(path.lastIndexOf("/") + 1), request });
    const dropped = fate === "drop-reply";
    if (call.responseStream) {
      let left = typeof fate === "object" ? fate.breakAfter : dropped ? 0 : Number.POSITIVE_INFINITY;
      if (left > 0) {
        for await (const message of call.next(call.request, context)) {
          yield message;
          if (--left <= 0) break;
        }
        if (left > 0) return undefined;
      }
    } else {
      const run = async (): Promise<Response> => {
        const outcome = await call.next(call.request, context).next();
        return outcome.value;
      };
      const key = context.metadata.get("x-idempotency-key");
      const reply = await (key === undefined ? run() : replies.once(`${path} ${key}`, run));
      if (!dropped) return reply;
    }
    throw new ServerError(Status.UNAVAILABLE, "The connection broke before the reply");
  };
}
