// The webhooks that the emulated GitHub sends: workflow_job as a job changes, ping for a new webhook or on request, and
// installation as an App is installed, suspended or removed.
import type { GitHub } from "./context.ts";
import { nodeId } from "./ids.ts";
import type { App, Installation, Job, PlaceHook } from "./model.ts";
import { organizationSimple, simpleUser } from "./responses/accounts.ts";
import { jobResponse } from "./responses/actions.ts";
import { installationResponse } from "./responses/apps.ts";
import { hookConfigResponse, organizationHookResponse, repositoryHookResponse } from "./responses/hooks.ts";
import { repositoryResponse, webhookRepository } from "./responses/repositories.ts";

type Parts = Pick<GitHub, "apps" | "deliveries" | "hooks" | "urls" | "store">;

/** Tells every installed App and every webhook that listens what became of a job. */
export function sendWorkflowJob(github: Parts, job: Job, action: "queued" | "in_progress" | "completed"): void {
  const { repository, actor } = job.run;
  const event = "workflow_job";
  const common = {
    action,
    workflow_job: jobResponse(job, github.urls),
    ...webhookRepository(repository, github.urls),
    sender: simpleUser(actor, github.urls),
  };
  for (const { hook, installation } of github.apps.all()) {
    if (!installation || installation.suspended || !installation.events.includes(event)) continue;
    const payload = { ...common, installation: installationLite(installation.id) };
    const ids = { installationId: installation.id, repositoryId: repository.id };
    github.deliveries.send(hook, { event, action, ...ids, payload });
  }
  for (const hook of github.hooks.listening(repository, event)) {
    const ids = { installationId: null, repositoryId: repository.id };
    github.deliveries.send(hook, { event, action, ...ids, payload: common });
  }
}

const zen = "Keep it logically awesome.";

/** The first webhook of a new App. */
export function sendPing(github: Parts, app: App): void {
  const time = app.createdAt.toISOString();
  const payload = {
    zen,
    hook_id: app.hook.id,
    hook: {
      type: "App",
      id: app.hook.id,
      name: "web",
      active: app.hook.active,
      events: app.events,
      config: hookConfigResponse(app.hook),
      updated_at: time,
      created_at: time,
      app_id: app.id,
      deliveries_url: github.urls.api("/app/hook/deliveries"),
    },
  };
  github.deliveries.send(app.hook, { event: "ping", action: null, installationId: null, repositoryId: null, payload });
}

/** The first webhook of a new hook, and one on request. */
export function sendHookPing(github: Parts, hook: PlaceHook): void {
  const { urls, store } = github;
  const { repository } = hook;
  const sender = simpleUser(store.user, urls);
  const payload = repository
    ? { hook: repositoryHookResponse(hook, repository, urls), ...webhookRepository(repository, urls), sender }
    : {
        hook: organizationHookResponse(hook, store.owner, urls),
        organization: organizationSimple(store.owner, urls),
        sender,
      };
  const ids = { installationId: null, repositoryId: repository?.id ?? null };
  const message = { event: "ping", action: null, ...ids, payload: { zen, hook_id: hook.id, ...payload } };
  github.deliveries.send(hook, message);
}

type InstallationAction = "created" | "deleted" | "suspend" | "unsuspend" | "new_permissions_accepted";

/** Sent to an App, whether it listens or not, about what someone does to its installation. */
export function sendInstallation(
  github: Parts,
  app: App,
  installation: Installation,
  action: InstallationAction,
): void {
  const repositories = github.store.repositories.map((repository) => {
    const { id, node_id, name, full_name, private: isPrivate } = repositoryResponse(repository, github.urls);
    return { id, node_id, name, full_name, private: isPrivate };
  });
  const payload = {
    action,
    installation: installationResponse(app, installation, github.urls),
    ...(!action.endsWith("suspend") && { repositories }),
    ...(action === "created" && { requester: null }),
    sender: simpleUser(github.store.user, github.urls),
  };
  const ids = { installationId: installation.id, repositoryId: null };
  github.deliveries.send(app.hook, { event: "installation", action, ...ids, payload });
}

function installationLite(id: number): { id: number; node_id: string } {
  return { id, node_id: nodeId("MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u", id) };
}
