// Deploying a controller once more that runs already: its containers keep what was in the Secret when they started. A
// deploy takes the policy that is here, which may be another than the one that the controller has.
import { AbortError } from "../cli/errors.ts";
import { policyHash } from "../policy/load.ts";
import type { Bench } from "./bench.ts";
import type { ControllerStep } from "./controller-step.ts";

/** @throws AbortError (policy-differs) where a person does not want the policy deployed; what deploying throws */
export async function redeploy(bench: Bench, controller: ControllerStep): Promise<void> {
  await agreeToPolicy(bench, controller);
  await bench.deploy(bench.listener.line);
}

/**
 * Before anything is written that takes a deploy: says that the policy which is here goes along, and asks where somebody
 * is there.
 * @throws AbortError (policy-differs)
 */
export async function agreeToPolicy(
  { policy, policyFile, listener, asker }: Pick<Bench, "policy" | "policyFile" | "listener" | "asker">,
  controller: Pick<ControllerStep, "otherPolicy">,
): Promise<void> {
  const { otherPolicy } = controller;
  if (otherPolicy === undefined) return;
  const both = `The controller runs another policy (${otherPolicy}) than ${policyFile} (${policyHash(policy)})`;
  if (asker === undefined) listener.note(`${both}, and is deployed again: it gets this one.`);
  else if (!(await asker.confirm(`${both}, and has to be deployed again. Give it this one?`, false))) {
    throw new AbortError(`${both}.`, {
      code: "policy-differs",
      why: "It has to be deployed again, and would get the policy that is here.",
      nextSteps: [
        `See what differs: modal-gha config diff ${policyFile}`,
        "With the policy that it has: modal-gha init --policy <file>",
      ],
    });
  }
  // Asked and told once.
  controller.otherPolicy = undefined;
}

/** At the end, where nothing was deployed. */
export function tellOtherPolicy(
  { policy, policyFile, listener }: Pick<Bench, "policy" | "policyFile" | "listener">,
  { otherPolicy }: Pick<ControllerStep, "otherPolicy">,
): void {
  if (otherPolicy === undefined) return;
  listener.note(
    `The controller runs another policy (${otherPolicy}) than ${policyFile} (${policyHash(policy)}); ` +
      "it is left as it is. To deploy this one: modal-gha deploy",
  );
}
