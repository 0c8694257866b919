// The last proof of a controller that has new credentials: it is asked to look at its whole fleet, which takes all that it
// has for GitHub and Modal. Only who knows the webhook's secret may ask, so that is when this run has made it.
import { createHmac } from "node:crypto";
import { AbortError } from "../cli/errors.ts";
import { reconcileEvent } from "../controller/reconcile-question.ts";
import type { Bench } from "./bench.ts";

/** Longer than the controller waits before it tries a connection again that failed, as before the App was installed. */
const pausesMs = [2_000, 6_000];
/** As long as Modal lets a request take. */
const answerWithinMs = 150_000;

/** @throws AbortError with the controller's own words when it cannot; the signal's reason */
export async function assertLook(
  { sleep, signal, now }: Pick<Bench, "sleep" | "signal" | "now">,
  webhookUrl: string,
  secret: string,
): Promise<void> {
  let fault = await look(webhookUrl, secret, now(), signal);
  for (const pauseMs of pausesMs) {
    if (fault === undefined) return;
    await sleep(pauseMs, signal);
    fault = await look(webhookUrl, secret, now(), signal);
  }
  if (fault !== undefined) throw cannotLook(fault);
}

/** @param why in the controller's own words, where it tells them */
export function cannotLook(why: string): AbortError {
  return new AbortError("The controller hears GitHub, but cannot look after its fleet.", {
    code: "controller-cannot-look",
    why,
    nextSteps: [
      "Mend what it says, then run this again: modal-gha init",
      "If one of its credentials is at fault, put those at hand in their place: modal-gha init --rotate",
      "modal-gha doctor",
    ],
  });
}

/** @returns what is wrong; undefined when all went well */
async function look(url: string, secret: string, at: number, signal: AbortSignal): Promise<string | undefined> {
  const body = JSON.stringify({ ask: "reconcile", at });
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
      headers: {
        "content-type": "application/json",
        "user-agent": "modal-gha",
        "x-github-event": reconcileEvent,
        "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
      },
    });
    if (response.ok) return undefined;
    const { detail } = (await response.json().catch(() => ({}))) as { detail?: unknown };
    return typeof detail === "string" ? detail : `It answered ${response.status}.`;
  } catch (error) {
    signal.throwIfAborted();
    const { message, cause } = error as Error;
    return cause instanceof Error ? cause.message : message;
  }
}
