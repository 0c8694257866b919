// Deploys the controller for `init`, as `modal-gha deploy` does.
import type { DeployRequest } from "./init.ts";

/** @throws DeployError, what the modal SDK throws, or the signal's reason */
export async function deployForInit(request: DeployRequest): Promise<{ url: string }> {
  const { modal, policy, policyFile, githubApiUrl, answers, signal, onLine } = request;
  const { deployController } = await import("../modal/deploy/deploy.ts");
  return deployController({
    ...{ modal, policy, policyFile, githubApiUrl, signal },
    settings: {},
    via: answers.via,
    onProgress: onLine,
  });
}
