// Webhooks of Apps, organizations and repositories as the API and the ping event show them.
import type { components } from "@octokit/openapi-types";
import type { Account, PlaceHook, Repository, Webhook } from "../model.ts";
import type { Urls } from "../urls.ts";

type Schemas = components["schemas"];

/** The secret is never shown. */
export function hookConfigResponse({ url, contentType, insecureSsl, secret }: Webhook): Schemas["webhook-config"] {
  return { content_type: contentType, insecure_ssl: insecureSsl, url, ...(secret && { secret: "********" }) };
}

export function repositoryHookResponse(hook: PlaceHook, repository: Repository, urls: Urls): Schemas["hook"] {
  const url = urls.api(`/repos/${repository.owner.login}/${repository.name}/hooks/${hook.id}`);
  return {
    type: "Repository",
    id: hook.id,
    name: "web",
    active: hook.active,
    events: hook.events,
    config: hookConfigResponse(hook),
    updated_at: hook.updatedAt.toISOString(),
    created_at: hook.createdAt.toISOString(),
    url,
    test_url: `${url}/test`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    last_response: { ...hook.lastResponse },
  };
}

type OrganizationHook = Omit<Schemas["org-hook"], "config"> & { config: Schemas["webhook-config"] };

export function organizationHookResponse(hook: PlaceHook, organization: Account, urls: Urls): OrganizationHook {
  const url = urls.api(`/orgs/${organization.login}/hooks/${hook.id}`);
  return {
    type: "Organization",
    id: hook.id,
    name: "web",
    active: hook.active,
    events: hook.events,
    config: hookConfigResponse(hook),
    updated_at: hook.updatedAt.toISOString(),
    created_at: hook.createdAt.toISOString(),
    url,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
  };
}
