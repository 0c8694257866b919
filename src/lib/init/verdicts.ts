// What to make of a verdict about the webhook: wait for containers of before to go, or tell a person what to do.
import { AbortError } from "../cli/errors.ts";
import type { HookVerdict } from "../github/setup/hook-verdict.ts";
import type { Sleep } from "./bench.ts";

/** After a deploy, containers of before answer for a moment; a cold start may be slow. Milliseconds. */
const pausesMs = [2_000, 5_000, 10_000];

/** Verifies until it is well, or will not be. */
export async function settled(
  verify: () => Promise<HookVerdict>,
  sleep: Sleep,
  signal: AbortSignal,
): Promise<HookVerdict> {
  for (const pauseMs of pausesMs) {
    const verdict = await verify();
    if (verdict.verdict !== "bad-signature" && verdict.verdict !== "not-configured") return verdict;
    await sleep(pauseMs, signal);
  }
  return verify();
}

/** @param webhookUrl where the webhook goes */
export function notVerified({ verdict, detail }: HookVerdict, webhookUrl: string): AbortError {
  const nextSteps: Record<HookVerdict["verdict"], string[]> = {
    ok: [],
    "bad-signature": ["Put new secrets in place on both sides: modal-gha init --rotate"],
    "not-configured": ["Deploy it again: modal-gha deploy", "Then: modal-gha init"],
    unreachable: [
      `See whether it answers: curl -i ${webhookUrl.replace(/\/webhook$/, "/healthz")}`,
      "Deploy it again: modal-gha deploy",
    ],
    "no-delivery": ["Run this again in a minute: modal-gha init"],
    other: ["Look into its log at Modal, then deploy it again: modal-gha deploy"],
  };
  return new AbortError("A webhook signed by GitHub did not come back well.", {
    code: `webhook-${verdict}`,
    why: detail,
    nextSteps: [...nextSteps[verdict], "modal-gha doctor"],
  });
}
