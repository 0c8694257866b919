// Compares the operator's policy file with the policy that the controller runs.
import { createHmac } from "node:crypto";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";
import { policyEvent, policyQuestion } from "../controller/policy-question.ts";
import { type Difference, diffPolicies } from "../policy/difference.ts";
import { loadPolicy, policyHash } from "../policy/load.ts";
import type { Policy } from "../policy/schema.ts";

export interface PolicyComparison {
  file: string;
  /** policyHash of each; equal if and only if there is no difference. */
  localHash: string;
  deployedHash: string;
  /** Null where they differ and the controller tells no more than its hash: it tells its policy to whom has the webhook secret. */
  differences: Difference[] | null;
}

export interface CompareOptions {
  file: string;
  /** Where the controller takes webhooks. */
  webhookUrl: string | undefined;
  webhookSecret: string | undefined;
  now(): number;
}

/** How long the controller may take, a cold start included. */
const answerWithinMs = 30_000;

/** @throws AbortError when the controller is not known, or does not answer as one that has this secret */
export async function comparePolicy({
  file,
  webhookUrl,
  webhookSecret,
  now,
}: CompareOptions): Promise<PolicyComparison> {
  if (!webhookUrl) {
    throw new AbortError("The controller to ask is not known.", {
      code: "no-controller",
      why: "Neither the environment nor what is stored has its address.",
      nextSteps: ["modal-gha init   # stores it", "Or set MODAL_GHA_WEBHOOK_URL."],
    });
  }
  const { policy } = await loadPolicy(file);
  if (!webhookSecret) {
    const localHash = policyHash(policy);
    const deployedHash = await askForHash(webhookUrl);
    return { file, localHash, deployedHash, differences: localHash === deployedHash ? [] : null };
  }
  const deployed = await askForPolicy(webhookUrl, webhookSecret, now());
  const differences = diffPolicies(policy, deployed);
  return { file, localHash: policyHash(policy), deployedHash: policyHash(deployed as Policy), differences };
}

/** What anybody may know, and all that `init` leaves an operator: the secret is at Modal and GitHub, and can be read at neither. */
async function askForHash(webhookUrl: string): Promise<string> {
  const base = webhookUrl.replace(/\/+$/, "").replace(/\/webhook$/, "");
  const { ask } = await import("../modal/deploy/health.ts");
  const health = await ask(base);
  if (typeof health !== "string" && health.policy) return health.policy;
  throw new AbortError(`The controller at ${base} did not tell its policy.`, {
    code: "controller-refused",
    why: typeof health === "string" ? `Of its health: ${health}.` : "It may be of another version.",
    nextSteps: ["modal-gha doctor --check controller-health"],
  });
}

async function askForPolicy(url: string, secret: string, now: number): Promise<object> {
  const body = policyQuestion(now);
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  const headers = { "x-github-event": policyEvent, "x-hub-signature-256": signature };
  const response = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(answerWithinMs) });
  if (response.ok && response.status !== 204) return (await response.json()) as object;
  throw new AbortError(
    `The controller at ${new URL(url).origin} did not tell its policy: it answered ${response.status}.`,
    {
      code: "controller-refused",
      why: response.status === 401 ? "It has another webhook secret." : "It may be of another version.",
      nextSteps: ["Check MODAL_GHA_WEBHOOK_URL and MODAL_GHA_WEBHOOK_SECRET."],
      exitCode: response.status === 401 ? ExitCode.Authentication : ExitCode.Failure,
    },
  );
}
