// A ping to the controller, signed by us as GitHub would.
import { createHmac, randomUUID } from "node:crypto";
import { type HookVerdict, judge, judgePing } from "./hook-verdict.ts";

/** Signs and sends a ping as GitHub does, for who knows the secret. */
export async function signedPing(
  url: string,
  secret: string,
  { signal, timeoutMs = 30_000 }: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<HookVerdict> {
  const body = JSON.stringify({ zen: "modal-gha asks whether anybody is there.", hook_id: 0 });
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      redirect: "manual",
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      headers: {
        "content-type": "application/json",
        "user-agent": "modal-gha",
        "x-github-event": "ping",
        "x-github-delivery": randomUUID(),
        "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
      },
    });
    const words = response.ok ? "OK" : `Invalid HTTP Response: ${response.status}`;
    return judgePing(judge(response.status, words), await response.text());
  } catch (error) {
    signal?.throwIfAborted();
    const { cause, message } = error as Error;
    const why = timeout.aborted
      ? `no answer within ${timeoutMs / 1000} s`
      : cause instanceof Error
        ? cause.message
        : message;
    return { verdict: "unreachable", detail: `The controller could not be reached: ${why}.` };
  }
}
