// The webhooks that the emulated GitHub sends: workflow_job as a job changes, ping and installation as an App comes to be.
import type { GitHub } from "./context.ts";
import { nodeId } from "./ids.ts";
import type { App, Job } from "./model.ts";
import { simpleUser } from "./responses/accounts.ts";
import { jobResponse } from "./responses/actions.ts";
import { hookConfigResponse, installationResponse } from "./responses/apps.ts";
import { repositoryResponse, webhookRepository } from "./responses/repositories.ts";

type Parts = Pick<GitHub, "apps" | "deliveries" | "urls" | "store">;

/** Tells every installed App that listens what became of a job. */
export function sendWorkflowJob(github: Parts, job: Job, action: "queued" | "in_progress" | "completed"): void {
  const { repository, actor } = job.run;
  for (const app of github.apps.all()) {
    if (!app.installation || !app.events.includes("workflow_job")) continue;
    const payload = {
      action,
      workflow_job: jobResponse(job, github.urls),
      ...webhookRepository(repository, github.urls),
      sender: simpleUser(actor, github.urls),
      installation: installationLite(app.installation.id),
    };
    const ids = { installationId: app.installation.id, repositoryId: repository.id };
    github.deliveries.send(app, { event: "workflow_job", action, ...ids, payload });
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
      config: hookConfigResponse(app),
      updated_at: time,
      created_at: time,
      app_id: app.id,
      deliveries_url: github.urls.api("/app/hook/deliveries"),
    },
  };
  github.deliveries.send(app, { event: "ping", action: null, installationId: null, repositoryId: null, payload });
}

/** Sent to an App, whether it listens or not, when someone installs it. */
export function sendInstallationCreated(github: Parts, app: App): void {
  const { installation } = app;
  if (!installation) return;
  const repositories = github.store.repositories.map((repository) => {
    const { id, node_id, name, full_name, private: isPrivate } = repositoryResponse(repository, github.urls);
    return { id, node_id, name, full_name, private: isPrivate };
  });
  const payload = {
    action: "created",
    installation: installationResponse(app, installation, github.urls),
    repositories,
    requester: null,
    sender: simpleUser(github.store.user, github.urls),
  };
  const ids = { installationId: installation.id, repositoryId: null };
  github.deliveries.send(app, { event: "installation", action: "created", ...ids, payload });
}

function installationLite(id: number): { id: number; node_id: string } {
  return { id, node_id: nodeId("MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u", id) };
}
