// The fleet's ports to GitHub and Modal, over the models, with all that may go wrong in between.
import type { GitHub, Modal } from "../../src/lib/fleet/ports.ts";
import { allowsRepository } from "../../src/lib/policy/match.ts";
import type { Calls } from "./calls.ts";
import type { GitHubModel } from "./github.ts";
import type { ModalModel } from "./modal.ts";
import { repositories } from "./scenario.ts";
import type { Webhooks } from "./webhooks.ts";
import type { World } from "./world.ts";

export function gitHubPort(calls: Calls, world: World, model: GitHubModel, webhooks: Webhooks): GitHub {
  const { policy } = world.scenario;
  const isByRepository = policy.github.scope === "repository";
  return {
    mintRunner: ({ name, labels, repository }) =>
      calls.make("github", "mintRunner", [name], () => {
        const { id } = model.mint(name, labels, isByRepository ? repository : null);
        return { registrationId: id, jitConfig: `jit-${id}` };
      }),
    deregister: (id) =>
      calls.make("github", "deregister", [model.runners.get(id)?.name ?? `runner ${id}`], () => model.deregister(id)),
    registrations: () => calls.make("github", "registrations", [], () => model.registrations()),
    registration: (id) => calls.make("github", "registration", [id], () => model.registration(id)),
    job: (_, id) => calls.make("github", "job", [id], () => model.job(id)),
    run: (_, runId) =>
      calls.make("github", "run", [runId - 1_000_000], () => {
        const found = model.jobs.get(runId - 1_000_000);
        return found && { isForkPullRequest: found.plan.isForkPullRequest };
      }),
    repositories: () =>
      calls.make("github", "repositories", [], () =>
        repositories.filter((repository) => allowsRepository(policy, repository)),
      ),
    unfinishedJobs: (wanted) => calls.make("github", "unfinishedJobs", [], () => model.unfinishedJobs(wanted)),
    redeliverFailed: (since) => calls.make("github", "redeliverFailed", [], () => webhooks.redeliverFailed(since)),
  };
}

export function modalPort(calls: Calls, model: ModalModel): Modal {
  return {
    sandboxes: () => calls.make("modal", "sandboxes", [], () => model.list()),
    ended: (since) => calls.make("modal", "ended", [], () => model.ended(since)),
    create: (spec) =>
      calls.makeLong("modal", "create", [spec.name, spec.environment["MODAL_GHA_RUNNER_NAME"] ?? ""], (reply, fail) =>
        model.create(spec, (sandboxId) => reply({ sandboxId }), fail),
      ),
    retag: (id, tags) => calls.make("modal", "retag", [id], () => model.retag(id, tags)),
    waitForEnd: (id, timeoutMs) =>
      calls.makeLong<boolean>("modal", "waitForEnd", [id], (reply) => model.waitForEnd(id, timeoutMs, reply)),
    terminate: (id) => calls.make("modal", "terminate", [id], () => model.terminate(id)),
  };
}
