import { describe, expect, it } from "vitest";
import { type AppState, planForApp, planForToken, type TokenState } from "../../../src/lib/init/agreement.ts";

const webhookUrl = "https://fleet.example/webhook";
const elsewhere = { url: "https://other.example/webhook", hasSecret: true };
const here = { url: webhookUrl, hasSecret: true };

const atModal = { url: "https://fleet.modal.example/webhook", hasSecret: true };

/** A fleet that works with this App. */
const working: AppState = {
  fleet: "acme",
  content: { hasApp: true, hasToken: false, isUnfinished: false },
  isHeld: true,
  hook: here,
  webhookUrls: [webhookUrl, "https://fleet.modal.example/webhook"],
  isNew: false,
  isRotating: false,
  mayTakeHook: false,
};
const empty = { hasApp: false, hasToken: false, isUnfinished: false };
const ofToken = { hasApp: false, hasToken: true, isUnfinished: false };
const unfinished = { ...working.content, isUnfinished: true };

/** `write`, `look`, or the code of what it throws. */
function outcome(plan: () => { action: string }): string {
  try {
    return plan().action;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("values of an App", () => {
  it.each<[string, Partial<AppState>, string]>([
    ["a fleet that works is looked at, and no more", {}, "look"],
    ["one that this program did not write is looked at, too", { isHeld: false }, "look"],
    ["an empty Secret is written to", { content: empty, isHeld: false, hook: undefined }, "write"],
    ["an App made by hand for this very controller is taken", { content: empty, isHeld: false }, "write"],
    ["an App made by this run is taken", { content: empty, isHeld: false, isNew: true }, "write"],
    ["what was not finished is done again", { content: unfinished }, "write"],
    ["a webhook that was reset gets its address and a secret", { hook: undefined }, "write"],
    ["a webhook that has no secret gets one", { hook: { url: webhookUrl, hasSecret: false } }, "write"],
    ["new ones are made when they are asked for", { isRotating: true }, "write"],
    ["an App whose webhook goes elsewhere is left alone", { hook: elsewhere }, "webhook-elsewhere"],
    ["so it is when new secrets are asked for", { hook: elsewhere, isRotating: true }, "webhook-elsewhere"],
    ["so it is when nothing is finished", { hook: elsewhere, content: unfinished }, "webhook-elsewhere"],
    ["one that comes by the controller's other address is its own", { hook: atModal }, "look"],
    ["so it is when new secrets are asked for by that address", { hook: atModal, isRotating: true }, "write"],
    ["it is taken when that is asked for", { hook: elsewhere, mayTakeHook: true }, "write"],
    ["another App's fleet is not taken over", { hook: undefined, isHeld: false }, "other-app"],
    ["nor by a webhook that may be taken", { hook: elsewhere, isHeld: false, mayTakeHook: true }, "other-app"],
    ["nor by an App made by this run", { isHeld: false, isNew: true }, "other-app"],
    ["it is when that is asked for", { hook: undefined, isHeld: false, isRotating: true }, "write"],
    ["a token's fleet is not taken over", { content: ofToken, isHeld: false, hook: undefined }, "other-credentials"],
  ])("%s", (_, state, expected) => {
    expect(outcome(() => planForApp({ ...working, ...state }))).toBe(expected);
  });
});

describe("values of a token", () => {
  const state: TokenState = { fleet: "acme", content: ofToken, isHeld: true, missingHooks: [], isRotating: false };
  it.each<[string, Partial<TokenState>, string]>([
    ["a fleet that works is looked at, and no more", {}, "look"],
    ["one with another token is looked at, too", { isHeld: false }, "look"],
    ["an empty Secret is written to", { content: empty, isHeld: false }, "write"],
    ["a webhook that is missing takes a new secret for all", { missingHooks: ["acme/app"] }, "write"],
    ["but no other token", { missingHooks: ["acme/app"], isHeld: false }, "other-token"],
    ["unless it is asked for", { missingHooks: ["acme/app"], isHeld: false, isRotating: true }, "write"],
    ["what was not finished is done again", { content: { ...ofToken, isUnfinished: true }, isHeld: false }, "write"],
    ["an App's fleet is not taken over", { content: working.content }, "other-credentials"],
    ["unless that is asked for", { content: working.content, isRotating: true }, "write"],
    ["or the App's values were never seen to work", { content: unfinished }, "write"],
  ])("%s", (_, change, expected) => {
    expect(outcome(() => planForToken({ ...state, ...change }))).toBe(expected);
  });
});
