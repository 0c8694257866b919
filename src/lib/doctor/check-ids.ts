// The names of the checks, in the order of the chain: from this machine to Modal, the controller, GitHub, and back.
import { closest } from "../cli/closest.ts";
import { AbortError } from "../cli/errors.ts";
import { ExitCode } from "../cli/exit-codes.ts";

export const checkIds = [
  "node",
  "proxy",
  "settings",
  "policy",
  "modal",
  "modal-limits",
  "fleet-app",
  "image",
  "runner-version",
  "pool-secrets",
  "controller",
  "fleet-secret",
  "controller-health",
  "controller-version",
  "controller-policy",
  "controller-clock",
  "github-api",
  "clock",
  "github",
  "rate-limit",
  "permissions",
  "installation",
  "repositories",
  "runner-group",
  "webhook",
  "webhook-secret",
  "deliveries",
] as const;

export type CheckId = (typeof checkIds)[number];

/**
 * Names as typed by the operator.
 * @throws AbortError (usage) for one that is none
 */
export function parseCheckIds(names: readonly string[]): CheckId[] {
  return names.map((name) => {
    const id = checkIds.find((known) => known === name.toLowerCase());
    if (id !== undefined) return id;
    const meant = closest(name, checkIds).slice(0, 3);
    throw new AbortError(`There is no check "${name}".`, {
      code: "usage",
      exitCode: ExitCode.Usage,
      why: `The checks are ${checkIds.join(", ")}.`,
      nextSteps: (meant.length > 0 ? meant : ["<name>"]).map((each) => `modal-gha doctor --check ${each}`),
    });
  });
}
