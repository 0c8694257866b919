// Whether GitHub and the controller need new values, decided by what is known of both. A fleet that works is left as it
// is; one that belongs to somebody else's App is never taken over unasked.
import { AbortError } from "../cli/errors.ts";
import { secretName } from "../modal/names.ts";
import type { SecretContent } from "./secret-keys.ts";

export interface AppState {
  fleet: string;
  content: Pick<SecretContent, "hasApp" | "hasToken" | "isUnfinished">;
  /** Whether `init` wrote this very App's values. */
  isHeld: boolean;
  /** Of the App's webhook; undefined where it has no address. */
  hook: { url: string; hasSecret: boolean } | undefined;
  /** Where webhooks reach the controller, the wanted address first. */
  webhookUrls: readonly string[];
  /** Made by this run. */
  isNew: boolean;
  isRotating: boolean;
  mayTakeHook: boolean;
}

/** `write`: new values on both sides. `look`: both seem to have theirs; let a signed webhook tell whether they agree. */
export type AppPlan = { action: "write"; why: string } | { action: "look" };

/** @throws AbortError where going on would take something from another fleet, or from whoever uses the App */
export function planForApp(state: AppState): AppPlan {
  const { fleet, content, isHeld, hook, webhookUrls, isNew, isRotating, mayTakeHook } = state;
  const isHere = hook !== undefined && webhookUrls.includes(hook.url);
  if (hook && !isHere && !isNew && !mayTakeHook) throw hookElsewhere(hook.url, webhookUrls[0] ?? "");
  if (isRotating) return { action: "write", why: "you asked for new ones" };
  if (content.hasToken && !content.hasApp) throw otherWay(fleet, "a token in place of an App", "--auth pat");
  if (!content.hasApp) return { action: "write", why: "the controller has none yet" };
  if (content.isUnfinished) return { action: "write", why: "an earlier run did not come to its end" };
  if (isNew) throw otherApp(fleet);
  if (isHere && hook.hasSecret) return { action: "look" };
  if (!isHeld) throw otherApp(fleet);
  return { action: "write", why: isHere ? "the App's webhook has no secret" : "the App's webhook does not come here" };
}

export interface TokenState {
  fleet: string;
  content: Pick<SecretContent, "hasApp" | "hasToken" | "isUnfinished">;
  /** Whether `init` wrote this very token. */
  isHeld: boolean;
  /** Organisation or repositories that have no webhook to the controller yet. */
  missingHooks: readonly string[];
  isRotating: boolean;
}

/** As planForApp, for a fleet with a token in an App's place. @throws AbortError */
export function planForToken({ fleet, content, isHeld, missingHooks, isRotating }: TokenState): AppPlan {
  if (isRotating) return { action: "write", why: "you asked for new ones" };
  if (content.hasApp && !content.isUnfinished) throw otherWay(fleet, "a GitHub App", "--auth app");
  if (!content.hasToken || content.hasApp) return { action: "write", why: "the controller has none yet" };
  if (content.isUnfinished) return { action: "write", why: "an earlier run did not come to its end" };
  if (missingHooks.length === 0) return { action: "look" };
  const why = `there is no webhook yet of ${missingHooks.join(", ")}`;
  // Another webhook takes the secret of the others, which nobody can read: so all get a new one, and the token with it.
  if (!isHeld) throw otherToken(fleet, `For now ${why}.`);
  return { action: "write", why };
}

/**
 * Before anything is made for the one or the other: a fleet with a token is not to get an App unasked, nor the other way.
 * @throws AbortError
 */
export function assertWay(
  auth: "app" | "pat",
  { fleet, content, isRotating }: Pick<AppState, "fleet" | "content" | "isRotating">,
): void {
  const { hasApp, hasToken, isUnfinished } = content;
  if (isRotating || isUnfinished) return;
  if (auth === "app" && hasToken && !hasApp) throw otherWay(fleet, "a token in place of an App", "--auth pat");
  if (auth === "pat" && hasApp) throw otherWay(fleet, "a GitHub App", "--auth app");
}

function hookElsewhere(url: string, webhookUrl: string): AbortError {
  return new AbortError("The GitHub App's webhook goes elsewhere, so it was left alone.", {
    code: "webhook-elsewhere",
    why: `It goes to ${url}, not to this fleet's controller (${webhookUrl}). An App has one webhook, and whoever is there would hear nothing any more.`,
    nextSteps: [
      "If nobody needs it there: modal-gha init --take-webhook",
      "Or use another App for this fleet: modal-gha init --create-app, or --app-id and --private-key-file",
    ],
  });
}

function otherWay(fleet: string, what: string, flag: string): AbortError {
  return new AbortError(`The fleet ${fleet} runs with ${what}.`, {
    code: "other-credentials",
    why: `That is what its Secret ${secretName(fleet)} at Modal holds, and it is not replaced unasked.`,
    nextSteps: [`Go on with it: modal-gha init ${flag}`, "Or replace it: the same command with --rotate"],
  });
}

/** @param why beside that the Secret does not say it is this App's */
export function otherApp(fleet: string, why = ""): AbortError {
  return new AbortError(`The fleet ${fleet} runs with another GitHub App.`, {
    code: "other-app",
    why: `Nothing says that the values in its Secret ${secretName(fleet)} at Modal are this App's. ${why}`.trim(),
    nextSteps: [
      "Give --app-id and --private-key-file of the App that it runs with.",
      "Or replace that one by this: the same command with --rotate",
    ],
  });
}

/** @param why what there would be to do, a sentence */
export function otherToken(fleet: string, why: string): AbortError {
  return new AbortError(`The fleet ${fleet} runs with another token.`, {
    code: "other-token",
    why: `${why} To mend that takes the token in its Secret ${secretName(fleet)} at Modal, or one in its place, and that is not done unasked.`,
    nextSteps: [
      "Give the token that it runs with: MODAL_GHA_GITHUB_TOKEN, or --token-file.",
      "Or replace that one by this: modal-gha init --auth pat --rotate",
    ],
  });
}
